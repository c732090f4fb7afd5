/** Owns how long the certificates of the listeners, the admin listener included, are still good for: a metric, and a warning a day while there are two weeks left. */
import { X509Certificate } from 'node:crypto';
import type { CertificateConfig, ConfigSnapshot } from '../../contracts/config.js';
import type { Log } from '../../observability/logger.js';
import type { Sample } from '../../observability/metrics-snapshot.js';
import { certificateStanding } from '../../observability/status/certificate-standing.js';
import type { Scheduler } from './scheduler.js';

const DAY_MS = 86_400_000;

type Listeners = Pick<ConfigSnapshot, 'listeners' | 'admin'>;

interface Validity {
  readonly listener: string;
  readonly file: string;
  readonly daysLeft: number;
}

/** Warns of the certificates that serve now, and again each day. Returns how to stop it. */
export const watchExpiry = (
  snapshot: () => Listeners,
  { scheduler, log }: { readonly scheduler: Scheduler; readonly log: Pick<Log, 'warn'> },
): (() => void) => {
  const warn = (): void => {
    for (const { listener, file, daysLeft } of validities(snapshot(), Date.now())) {
      const standing = certificateStanding(daysLeft);
      if (standing === 'good') continue;
      const when = standing === 'expired' ? 'has expired' : `expires in ${Math.floor(daysLeft)} days`;
      log.warn({ listener, file, daysLeft: Math.floor(daysLeft) }, `Certificate ${file} ${when}`);
    }
  };
  warn();
  return scheduler.every(DAY_MS, warn);
};

/** `listener`, `certificate` and days, fractions included; negative once it has expired. */
export const expirySamples = (snapshot: Listeners, nowMs: number): Sample[] =>
  validities(snapshot, nowMs).map(({ listener, file, daysLeft }): Sample => [[listener, file], daysLeft]);

const validities = ({ listeners, admin }: Listeners, nowMs: number): Validity[] => [
  ...listeners.flatMap(({ name, tls }) =>
    (tls?.certificates ?? []).map((certificate) => validityOf(name, certificate, nowMs)),
  ),
  // No listener can have that name.
  ...(admin?.tls === undefined ? [] : [validityOf('admin', admin.tls, nowMs)]),
];

const validityOf = (listener: string, { certPem, certFile }: CertificateConfig, nowMs: number): Validity => ({
  listener,
  file: certFile,
  daysLeft: (Date.parse(new X509Certificate(certPem).validTo) - nowMs) / DAY_MS,
});
