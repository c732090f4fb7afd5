/** Owns the checks of the certificates that listeners and the admin API show: time, chain, strength, and the hosts of the routes. */
import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import type { CertificateConfig, ConfigSnapshot, ListenerConfig } from '../../contracts/config.js';
import { namesOf } from '../../http/certificate-names.js';
import { certificateStanding } from '../../observability/status/certificate-standing.js';
import { LOOK_AT_CLOCK, RENEW } from './config-advice.js';
import { ok, problem, warning } from './finding.js';
import type { Finding } from './finding.js';

const DAY_MS = 86_400_000;
const LEAST_RSA_BITS = 2048;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export const checkCertificates = (snapshot: ConfigSnapshot, nowMs: number): readonly Finding[] => [
  ...snapshot.listeners.flatMap((listener) => ofListener(listener, nowMs)),
  ...(snapshot.admin?.tls === undefined ? [] : checkCertificate('admin', snapshot.admin.tls, nowMs)),
  ...checkHosts(snapshot),
];

const ofListener = ({ name, tls }: ListenerConfig, nowMs: number): Finding[] =>
  (tls?.certificates ?? []).flatMap((certificate) =>
    checkCertificate(`listener ${name}`, certificate, nowMs),
  );

export const checkCertificate = (
  subject: string,
  { certPem, certFile }: CertificateConfig,
  nowMs: number,
): Finding[] => {
  const chain = (certPem.match(PEM) ?? []).map((pem) => new X509Certificate(pem));
  const [leaf] = chain;
  if (leaf === undefined) return [problem(subject, `${certFile} holds no certificate`, 'Name a PEM file.')];
  return [
    ...validity(subject, certFile, leaf, nowMs),
    ...chainOf(subject, certFile, chain),
    ...strength(subject, certFile, leaf),
  ];
};

/** Also of those that upstreams show. */
export const validity = (
  subject: string,
  what: string,
  certificate: X509Certificate,
  nowMs: number,
): Finding[] => {
  const days = (Date.parse(certificate.validTo) - nowMs) / DAY_MS;
  if (Date.parse(certificate.validFrom) > nowMs)
    return [problem(subject, `${what} is not valid before ${certificate.validFrom}`, LOOK_AT_CLOCK)];
  const standing = certificateStanding(days);
  if (standing === 'expired') return [problem(subject, `${what} expired on ${certificate.validTo}`, RENEW)];
  if (standing === 'expiring')
    return [warning(subject, `${what} expires in ${Math.floor(days)} days`, RENEW)];
  return [
    ok(
      subject,
      `${what} is good for ${Math.floor(days)} days: ${namesOf(certificate).join(', ') || 'no DNS names'}`,
    ),
  ];
};

/** Each must be signed by the next; the last by one that clients know. */
const chainOf = (subject: string, file: string, chain: readonly X509Certificate[]): Finding[] => {
  const at = chain.findIndex((certificate, index) => {
    const next = chain[index + 1];
    return next !== undefined && !certificate.checkIssued(next);
  });
  if (at >= 0)
    return [
      problem(
        subject,
        `${file}: certificate ${at + 2} did not sign certificate ${at + 1}`,
        'The order is leaf, then each intermediate after the one that it signed; nothing else.',
      ),
    ];
  const last = chain.at(-1);
  if (last === undefined || isKnownIssuer(last)) return [];
  // `openssl req -x509` writes CA:TRUE into a certificate that vouches for nobody but itself.
  const isOwn = chain.length === 1 && last.subject === last.issuer;
  return last.ca && !isOwn ? [] : [unknownIssuer(subject, file, last, chain.length)];
};

const isKnownIssuer = (certificate: X509Certificate): boolean =>
  rootCertificates.some((pem) => certificate.issuer === subjectOf(pem));

const subjects = new Map<string, string>();
const subjectOf = (pem: string): string => {
  let subject = subjects.get(pem);
  if (subject === undefined) {
    subject = new X509Certificate(pem).subject;
    subjects.set(pem, subject);
  }
  return subject;
};

const unknownIssuer = (subject: string, file: string, last: X509Certificate, length: number): Finding => {
  const issuer = last.issuer.replaceAll('\n', ', ');
  if (length === 1 && last.subject === last.issuer)
    return warning(
      subject,
      `${file} is self-signed: clients must be told to trust it`,
      'For the public: a certificate of a known authority.',
    );
  return warning(
    subject,
    `${file} ends at ${issuer}, which no browser knows by itself`,
    'Append the intermediate certificates, unless your clients trust that authority.',
  );
};

const strength = (subject: string, file: string, { publicKey }: X509Certificate): Finding[] => {
  const bits = publicKey.asymmetricKeyDetails?.modulusLength;
  if (bits === undefined || bits >= LEAST_RSA_BITS) return [];
  return [
    warning(
      subject,
      `${file} has an RSA key of ${bits} bits`,
      'Clients refuse less than 2048: make a new one, ECDSA P-256 for speed.',
    ),
  ];
};

/** A host that routes serve, and for which no listener has a certificate. */
const checkHosts = ({ listeners, routes }: ConfigSnapshot): Finding[] => {
  const certificates = listeners.flatMap(({ tls }) => tls?.certificates ?? []);
  if (certificates.length === 0 || listeners.some(({ tls }) => tls === undefined)) return [];
  const names = certificates.flatMap(({ certPem }) => namesOf(new X509Certificate(certPem)));
  const hosts = new Set(routes.flatMap(({ match }) => match.hosts));
  const bare = [...hosts].filter((host) => !names.some((name) => covers(name, host)));
  return bare.map((host) =>
    warning(
      `host ${host}`,
      'no certificate of a listener is for it',
      `Add one to tls.certificates of a listener: there are ${names.join(', ') || 'none with DNS names'}.`,
    ),
  );
};

/** RFC 9525 section 6.3: a wildcard stands for one label. */
const covers = (name: string, host: string): boolean => {
  if (name === host) return true;
  return name.startsWith('*.') && !host.startsWith('*.') && host.slice(host.indexOf('.')) === name.slice(1);
};
