/** Owns which host names a certificate is for (RFC 9525 section 6): its DNS names, or its common name where it has none. */
import type { X509Certificate } from 'node:crypto';

/** What a DNS name may look like, a wildcard for the first label included. Anything else is quoted by Node, and no name. */
const DNS_NAME = /^DNS:((?:\*\.)?[\w-]+(?:\.[\w-]+)*)$/;

/** Lower case; `*.example.com` for wildcards. */
export function namesOf({ subjectAltName, subject }: X509Certificate): readonly string[] {
  const names = (subjectAltName ?? '').split(', ').flatMap((entry) => {
    const name = DNS_NAME.exec(entry)?.[1];
    return name === undefined ? [] : [name.toLowerCase()];
  });
  if (names.length > 0 || subjectAltName !== undefined) return names;
  const commonName = /^CN=(.+)$/m.exec(subject)?.[1];
  return commonName === undefined ? [] : [commonName.toLowerCase()];
}
