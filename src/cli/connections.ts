/** Owns `torus connections`: who holds the connections of a running instance. */
import type {
  ClientConnections,
  EndpointConnections,
  HeldConnections,
  ListenerConnections,
} from '../contracts/live-view.js';
import { expectJson, openAdmin } from './admin-client.js';
import type { AdminTarget } from './admin-client.js';
import { warnMissing } from './missing.js';
import type { Missing } from './missing.js';
import type { Output } from './output.js';
import { renderTable } from './table.js';
import { shortTime } from './units.js';

export interface ConnectionsRequest extends AdminTarget {
  readonly json: boolean;
  /** Rows of clients; undefined for the default. */
  readonly limit: string | undefined;
}

interface Report {
  readonly missing: readonly Missing[];
  readonly downstream: HeldConnections & {
    readonly listeners: readonly ListenerConnections[];
    readonly clients: readonly ClientConnections[];
    readonly clientCount: number;
    readonly clientsComplete: boolean;
  };
  readonly upstream: { readonly endpoints: readonly EndpointConnections[] };
}

const right = (...titles: readonly string[]) => titles.map((title) => ({ title, right: true }));
const HELD = right('OPEN', 'IDLE', 'ACTIVE', 'TUNNELS', 'HANDSHAKE', 'OLDEST');
const LISTENERS = [{ title: 'LISTENER', max: 30 }, ...HELD];
const CLIENTS = [{ title: 'CLIENT', max: 39 }, ...HELD, { title: 'LISTENERS', max: 30 }];
const ENDPOINTS = [
  { title: 'UPSTREAM', max: 20 },
  { title: 'ENDPOINT', max: 39 },
  ...right('OPEN', 'IDLE', 'ACTIVE', 'TUNNELS', 'CONNECT', 'RUNNING', 'WAITING'),
];

/** Returns the exit code. */
export const showConnections = async (
  { json, limit, ...target }: ConnectionsRequest,
  output: Output,
): Promise<number> => {
  const client = await openAdmin(target);
  const query = limit === undefined ? '' : `?${new URLSearchParams({ limit }).toString()}`;
  const reply = await client.request('GET', `/connections${query}`);
  const report = expectJson(reply) as Report;
  if (json) output.line(reply.body.trimEnd());
  else for (const line of linesOf(report)) output.line(line);
  warnMissing(report.missing, output);
  return 0;
};

const linesOf = ({ downstream, upstream }: Report): string[] => [
  ...renderTable(
    LISTENERS,
    downstream.listeners.map((row) => [row.listener, ...heldOf(row)]),
  ),
  '',
  ...renderTable(
    CLIENTS,
    downstream.clients.map((row) => [row.client, ...heldOf(row), row.listeners.join(',')]),
  ),
  clientsLine(downstream),
  '',
  ...renderTable(
    ENDPOINTS,
    upstream.endpoints.map((row) => [
      ...[row.upstream, row.endpoint, row.open, row.idle, row.active, row.tunnels],
      ...[row.connecting, row.exchanges, row.waiting],
    ]),
  ),
];

const heldOf = (row: HeldConnections): (string | number)[] => [
  ...[row.open, row.idle, row.active, row.tunnels, row.handshaking, shortTime(row.oldestAgeMs)],
];

const clientsLine = ({ clients, clientCount, clientsComplete }: Report['downstream']): string =>
  `${clients.length} of ${clientsComplete ? '' : 'more than '}${clientCount} clients shown`;
