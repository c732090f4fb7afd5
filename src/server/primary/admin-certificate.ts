/** Owns which certificate the admin listener shows: a reload renews it, and connections that are there stay. */
import { createSecureContext } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import type { CertificateConfig, ConfigSnapshot } from '../../contracts/config.js';
import type { AdminServer } from '../admin/admin-server.js';

type Named = Pick<ConfigSnapshot, 'admin'>;

export class AdminCertificate {
  #listener: Pick<AdminServer, 'renew'> | undefined;
  #shown: CertificateConfig | undefined;

  /** From now on there is a listener. What was served may have changed while it was opened. */
  attach(listener: Pick<AdminServer, 'renew'>, served: Named): void {
    this.#listener = listener;
    this.show(served);
  }

  /** Why the listener could not show what is named there: OpenSSL refuses pairs that fit, for short keys. */
  problemOf({ admin }: Named): string | undefined {
    if (admin?.tls === undefined) return undefined;
    try {
      createSecureContext({ cert: admin.tls.certPem, key: admin.tls.keyPem });
      return undefined;
    } catch (error) {
      return `admin.tls: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  show({ admin }: Named): void {
    // A new context ends the sessions of the one before: not for nothing.
    if (admin?.tls === undefined || isDeepStrictEqual(admin.tls, this.#shown)) return;
    this.#listener?.renew(admin.tls);
    this.#shown = admin.tls;
  }
}
