/** Owns `torus upstreams`: every endpoint of a running instance, its state and why. */
import { expectJson, openAdmin } from './admin-client.js';
import type { AdminTarget } from './admin-client.js';
import type { Output } from './output.js';
import { renderTable } from './table.js';

interface Report {
  readonly upstreams: readonly {
    readonly name: string;
    readonly panic: boolean;
    readonly available: number;
    readonly failing: number;
    readonly total: number;
    readonly endpoints: readonly EndpointRow[];
  }[];
}

interface EndpointRow {
  readonly address: string;
  readonly state: string;
  readonly why?: string;
  readonly active: number;
  readonly connections: number;
}

const COLUMNS = [
  { title: 'UPSTREAM' },
  { title: 'ENDPOINT' },
  { title: 'STATE' },
  { title: 'ACTIVE', right: true },
  { title: 'SOCKETS', right: true },
  { title: 'WHY', max: 90 },
];

/** Returns the exit code: 0 when every upstream has an available endpoint that does not fail, else 1. */
export const showUpstreams = async (
  { json, ...target }: AdminTarget & { readonly json: boolean },
  output: Output,
): Promise<number> => {
  const client = await openAdmin(target);
  const reply = await client.request('GET', '/upstreams');
  const { upstreams } = expectJson(reply) as Report;
  const rows = upstreams.flatMap(({ name, endpoints }) =>
    endpoints.map(({ address, state, active, connections, why = '' }) => [
      ...[name, address, state, active, connections, why],
    ]),
  );
  if (json) output.line(reply.body.trimEnd());
  else for (const line of renderTable(COLUMNS, rows)) output.line(line);
  return upstreams.some(({ available, failing }) => available === failing) ? 1 : 0;
};
