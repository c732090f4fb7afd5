/** Owns what is shown of the configuration: its generation, the last reload, and how long the certificates are good for. */
import type { CertificateStatus, ConfigStatus, StatusDocument } from '../../src/contracts/status.js';
import { certificateStanding } from '../../src/observability/status/certificate-standing.js';
import type { CertificateStanding } from '../../src/observability/status/certificate-standing.js';
import { showAge } from '../../src/observability/status/format.js';
import type { Level } from '../../src/observability/status/verdict.js';
import { byId, setList } from '../dom.js';
import { Facts } from '../facts.js';
import type { Fact } from '../facts.js';
import { LiveTable } from '../live-table.js';

export class ConfigSection {
  readonly #facts = new Facts(byId('config-facts'));
  readonly #problems = byId('config-problems');
  readonly #certificates = new LiveTable<CertificateStatus>(byId('certificates-table'), {
    caption: 'Certificates',
    empty: 'No certificates: nothing here speaks TLS.',
    keyOf: ({ listener, certificate }) => `${listener} ${certificate}`,
    columns: [
      {
        title: 'Certificate',
        cell: ({ certificate }) => ({ text: certificate, title: certificate }),
        grows: true,
      },
      { title: 'Listener', cell: ({ listener }) => listener },
      {
        title: 'Days left',
        cell: ({ daysLeft }) => ({
          text: String(Math.floor(daysLeft)),
          level: LEVELS[certificateStanding(daysLeft)],
        }),
        right: true,
      },
    ],
  });

  update({ config, time, certificates }: StatusDocument): void {
    const since = (then: string): string => `${showAge((Date.parse(time) - Date.parse(then)) / 1000)} ago`;
    this.#facts.update([
      { name: 'Generation', value: String(config.generation), detail: `applied ${since(config.appliedAt)}` },
      lastReload(config, since),
    ]);
    const { problems = [], needRestart = [] } = config.lastReload ?? {};
    const restart = needRestart.length === 0 ? [] : [`need a restart: ${needRestart.join(', ')}`];
    setList(this.#problems, [...problems, ...restart]);
    this.#certificates.update([...certificates].sort((one, other) => one.daysLeft - other.daysLeft));
  }
}

const lastReload = ({ lastReload: last }: ConfigStatus, since: (then: string) => string): Fact => {
  if (last === null) return { name: 'Last reload', value: 'none', detail: 'since the start' };
  const level = last.outcome === 'rejected' ? 'bad' : 'good';
  return { name: 'Last reload', value: last.outcome, detail: since(last.at), level };
};

const LEVELS: Readonly<Record<CertificateStanding, Level>> = {
  good: 'good',
  expiring: 'warning',
  expired: 'bad',
};
