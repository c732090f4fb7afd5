/** Owns the count of connections by listener, by client and by endpoint, in one worker or over several. */
import type {
  ClientConnections,
  EndpointConnections,
  HeldConnections,
  ListenerConnections,
  WorkerConnections,
} from '../contracts/live-view.js';

export type ConnectionState = 'handshaking' | 'idle' | 'active' | 'tunnels';

/** One client connection. */
export interface CountedConnection {
  readonly client: string;
  readonly state: ConnectionState;
  readonly ageMs: number;
}

type Mutable<Shape> = { -readonly [Key in keyof Shape]: Shape[Key] };
type Counts = Mutable<HeldConnections>;

interface ClientRow extends Counts {
  readonly listeners: Set<string>;
}

const HELD = ['open', 'handshaking', 'idle', 'active', 'tunnels'] as const;
const ENDPOINT = ['open', 'connecting', 'idle', 'active', 'tunnels', 'exchanges', 'waiting'] as const;

const noConnections = (): Counts => ({
  ...{ open: 0, handshaking: 0, idle: 0, active: 0, tunnels: 0, oldestAgeMs: 0 },
});

export class ConnectionCensus {
  readonly #listeners = new Map<string, Counts>();
  readonly #clients = new Map<string, ClientRow>();
  readonly #endpoints = new Map<string, Mutable<EndpointConnections>>();

  /** A listener is told of even when nobody is connected to it. */
  addListener(listener: string): void {
    this.#listenerRow(listener);
  }

  addConnection(listener: string, { client, state, ageMs }: CountedConnection): void {
    const one = { ...noConnections(), open: 1, [state]: 1, oldestAgeMs: ageMs };
    merge(this.#listenerRow(listener), one);
    this.#addClient({ client, ...one, listeners: [listener] });
  }

  addEndpoint(row: EndpointConnections): void {
    const key = `${row.upstream}\n${row.endpoint}`;
    const known = this.#endpoints.get(key);
    if (known === undefined) this.#endpoints.set(key, { ...row });
    else for (const field of ENDPOINT) known[field] += row[field];
  }

  /** What another worker has counted. */
  addWorker({ listeners, clients, endpoints }: WorkerConnections): void {
    for (const row of listeners) merge(this.#listenerRow(row.listener), row);
    for (const row of clients) this.#addClient(row);
    for (const row of endpoints) this.addEndpoint(row);
  }

  /** The clients with the most connections, most first; of those with as many, the one that has been here for longest. */
  result(maxClients: number): WorkerConnections {
    const clients = [...this.#clients].map(([client, row]): ClientConnections => {
      return { ...row, client, listeners: [...row.listeners].sort() };
    });
    clients.sort((left, right) => right.open - left.open || right.oldestAgeMs - left.oldestAgeMs);
    return {
      listeners: [...this.#listeners].map(([listener, row]): ListenerConnections => ({ listener, ...row })),
      clients: clients.slice(0, maxClients),
      clientCount: clients.length,
      endpoints: [...this.#endpoints.values()],
    };
  }

  #listenerRow(listener: string): Counts {
    const known = this.#listeners.get(listener) ?? noConnections();
    this.#listeners.set(listener, known);
    return known;
  }

  #addClient(row: ClientConnections): void {
    const known = this.#clients.get(row.client) ?? { ...noConnections(), listeners: new Set<string>() };
    this.#clients.set(row.client, known);
    merge(known, row);
    for (const listener of row.listeners) known.listeners.add(listener);
  }
}

const merge = (into: Counts, row: HeldConnections): void => {
  for (const field of HELD) into[field] += row[field];
  into.oldestAgeMs = Math.max(into.oldestAgeMs, row.oldestAgeMs);
};

/** The sum of all rows. */
export const sumEndpoints = (
  rows: readonly EndpointConnections[],
): Omit<EndpointConnections, 'upstream' | 'endpoint'> => {
  const sum = { ...{ open: 0, connecting: 0, idle: 0, active: 0, tunnels: 0, exchanges: 0, waiting: 0 } };
  for (const row of rows) for (const field of ENDPOINT) sum[field] += row[field];
  return sum;
};

/** The sum of all rows. */
export const sumHeld = (rows: readonly HeldConnections[]): HeldConnections => {
  const sum = noConnections();
  for (const row of rows) merge(sum, row);
  return sum;
};
