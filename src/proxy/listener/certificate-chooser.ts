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
  private byName: ByName<SecureContext>;

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
    return chosenFor(serverName, this.byName);
  }

  readonly onServerName: NonNullable<TlsOptions['SNICallback']> = (name, callback) => {
    callback(null, this.choose(name));
  };
}

type ByName<Value> = ReadonlyMap<string, Value>;

function contextsByName(
  certificates: readonly CertificateConfig[],
  common: SecureContextOptions,
): ByName<SecureContext> {
  if (certificates.length < 2) return new Map();
  return byNameOf(certificates, ({ certPem, keyPem }) =>
    createSecureContext({ ...common, cert: certPem, key: keyPem }),
  );
}

function byNameOf<Value>(
  certificates: readonly CertificateConfig[],
  make: (certificate: CertificateConfig) => Value,
): ByName<Value> {
  const made = new Map<string, Value>();
  for (const certificate of certificates) {
    const value = make(certificate);
    // Where two have the same name, the one that is listed first.
    for (const name of namesOf(new X509Certificate(certificate.certPem)))
      if (!made.has(name)) made.set(name, value);
  }
  return made;
}

/** The certificate that says the name; undefined where none does. For those who only ask. */
export const certificateNaming = (
  certificates: readonly CertificateConfig[],
  serverName: string,
): CertificateConfig | undefined =>
  chosenFor(
    serverName,
    byNameOf(certificates, (certificate) => certificate),
  );

function chosenFor<Value>(serverName: string, byName: ByName<Value>): Value | undefined {
  const name = serverName.toLowerCase();
  return byName.get(name) ?? byName.get(wildcardFor(name));
}

function wildcardFor(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? '' : `*${name.slice(dot)}`;
}
