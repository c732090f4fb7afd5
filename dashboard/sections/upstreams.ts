/** Owns the table of endpoints: those out of use or failing first, and why. */
import type { EndpointStatus, StatusDocument, UpstreamStatus } from '../../src/contracts/status.js';
import { byStanding, standingOf } from '../../src/observability/status/endpoint-standing.js';
import type { EndpointStanding } from '../../src/observability/status/endpoint-standing.js';
import { counted, showAge, showNumber } from '../../src/observability/status/format.js';
import type { Level } from '../../src/observability/status/verdict.js';
import { byId, setText } from '../dom.js';
import { LiveTable } from '../live-table.js';

interface Row extends EndpointStatus {
  readonly upstream: string;
  /** ISO 8601; of the document. */
  readonly now: string;
}

export class UpstreamsSection {
  readonly #note = byId('upstreams-note');
  readonly #table = new LiveTable<Row>(byId('upstreams-table'), {
    caption: 'Endpoints of the upstreams and their health',
    empty: 'No endpoints.',
    keyOf: ({ upstream, address, state }) =>
      `${upstream} ${address} ${state === 'draining' ? 'leaving' : ''}`,
    columns: [
      { title: 'Upstream', cell: ({ upstream }) => upstream },
      { title: 'Endpoint', cell: ({ address }) => address },
      {
        title: 'State',
        cell: (row) => ({ text: row.state, level: LEVELS[standingOf(row)], title: sinceOf(row) }),
      },
      { title: 'Why', cell: (row) => ({ text: row.why, title: `${row.why}, ${sinceOf(row)}` }), grows: true },
      { title: 'Active', cell: ({ active }) => showNumber(active), right: true, wide: true },
      { title: 'Sockets', cell: ({ connections }) => showNumber(connections), right: true, wide: true },
    ],
  });

  update({ upstreams, time }: StatusDocument): void {
    const rows = upstreams.flatMap(({ name, endpoints }) =>
      endpoints.map((endpoint): Row => ({ ...endpoint, upstream: name, now: time })),
    );
    setText(this.#note, summaryOf(upstreams, rows.length));
    this.#table.update(rows.sort(byStanding));
  }
}

const summaryOf = (upstreams: readonly UpstreamStatus[], shown: number): string => {
  const total = upstreams.reduce((sum, upstream) => sum + upstream.total, 0);
  const available = upstreams.reduce((sum, upstream) => sum + upstream.available, 0);
  const left = shown < total ? `, ${shown} shown` : '';
  return `${available} of ${counted(total, 'endpoint')} in ${counted(upstreams.length, 'upstream')} available${left}`;
};

const LEVELS: Readonly<Record<EndpointStanding, Level>> = {
  out: 'bad',
  failing: 'bad',
  passing: 'warning',
  fine: 'good',
};

const sinceOf = ({ since, now }: Row): string =>
  since === undefined ? 'leaving' : `for ${showAge((Date.parse(now) - Date.parse(since)) / 1000)}`;
