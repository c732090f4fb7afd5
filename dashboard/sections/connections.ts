/** Owns the table of who holds the connections. */
import { counted, showAge, showNumber } from '../../src/observability/status/format.js';
import { ask } from '../api.js';
import { byId, setText, show } from '../dom.js';
import { LiveTable } from '../live-table.js';

interface ClientRow {
  readonly client: string;
  readonly open: number;
  readonly idle: number;
  readonly active: number;
  readonly tunnels: number;
  readonly oldestAgeMs: number;
}

/** What the page needs of `GET /connections`. */
interface Connections {
  readonly downstream: {
    readonly open: number;
    readonly idle: number;
    readonly clients: readonly ClientRow[];
    readonly clientCount: number;
  };
}

const ROWS = 10;

export class ConnectionsSection {
  readonly #section = byId('connections');
  /** The instance has no such route, as in an older version. */
  #isMissing = false;
  readonly #note = byId('connections-note');
  readonly #table = new LiveTable<ClientRow>(byId('connections-table'), {
    caption: 'Connections by client, most first',
    empty: 'No connections.',
    keyOf: ({ client }) => client,
    columns: [
      { title: 'Client', cell: ({ client }) => client, grows: true },
      { title: 'Open', cell: ({ open }) => showNumber(open), right: true },
      { title: 'Active', cell: ({ active }) => showNumber(active), right: true },
      { title: 'Idle', cell: ({ idle }) => showNumber(idle), right: true },
      { title: 'Tunnels', cell: ({ tunnels }) => showNumber(tunnels), right: true, wide: true },
      { title: 'Oldest', cell: ({ oldestAgeMs }) => showAge(oldestAgeMs / 1000), right: true },
    ],
  });

  async refresh(): Promise<void> {
    if (this.#isMissing) return;
    const reply = await ask<Connections>('GET', `/connections?limit=${ROWS}`);
    this.#isMissing = reply.kind === 'missing';
    if (reply.kind !== 'ok') return;
    show(this.#section, true);
    const { open, idle, clients, clientCount } = reply.value.downstream;
    setText(
      this.#note,
      `${showNumber(open)} open from ${counted(clientCount, 'client')}, ${showNumber(idle)} of them idle`,
    );
    this.#table.update(clients);
  }
}
