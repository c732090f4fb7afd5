import { createSecureContext } from 'node:tls';
import type { SecureContext, SecureContextOptions, TlsOptions } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import type { CertificateConfig } from '../../contracts/config.js';
import { namesOf } from '../../http/certificate-names.js';

/**
 * Owns which certificate a client is shown: the one whose name it asked for, then the one whose wildcard covers that name
 * (RFC 9525 section 6.3: one label), then the first. Looked up, never searched: a listener may have thousands.
 */
export class CertificateChooser {
  private byName: ReadonlyMap<string, SecureContext>;

  /** Throws when one of them cannot be used. */
  constructor(certificates: readonly CertificateConfig[], common: SecureContextOptions) {
    this.byName = contextsByName(certificates, common);
  }

  /** Handshakes from now on choose among those of another. */
  replaceBy(next: CertificateChooser): void {
    this.byName = next.byName;
  }

  /** Undefined for the listener's first. */
  choose(serverName: string): SecureContext | undefined {
    const name = serverName.toLowerCase();
    return this.byName.get(name) ?? this.byName.get(wildcardFor(name));
  }

  readonly onServerName: NonNullable<TlsOptions['SNICallback']> = (name, callback) => {
    callback(null, this.choose(name));
  };
}

function contextsByName(
  certificates: readonly CertificateConfig[],
  common: SecureContextOptions,
): ReadonlyMap<string, SecureContext> {
  const contexts = new Map<string, SecureContext>();
  if (certificates.length < 2) return contexts;
  for (const { certPem, keyPem } of certificates) {
    const context = createSecureContext({ ...common, cert: certPem, key: keyPem });
    // Where two have the same name, the one that is listed first.
    for (const name of namesOf(new X509Certificate(certPem)))
      if (!contexts.has(name)) contexts.set(name, context);
  }
  return contexts;
}

function wildcardFor(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? '' : `*${name.slice(dot)}`;
}
