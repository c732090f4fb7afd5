/** Owns `torus overload`: how near each worker of a running instance is to its limits, and what it does about it. */
import { overloadStep } from '../observability/status/overload-step.js';
import { expectJson, openAdmin } from './admin-client.js';
import type { AdminTarget } from './admin-client.js';
import { warnMissing } from './missing.js';
import type { Missing } from './missing.js';
import type { Output } from './output.js';
import { renderTable } from './table.js';
import { shortSize, shortTime } from './units.js';

interface Report {
  readonly level: number;
  readonly workers: readonly {
    readonly worker: number;
    readonly resources: readonly ResourceRow[];
  }[];
  readonly missing: readonly Missing[];
}

/** The facts are those of its kind. */
interface ResourceRow {
  readonly resource: string;
  readonly pressure: number;
  readonly level: number;
  readonly open?: number;
  readonly limit?: number;
  readonly of?: string;
  readonly usedBytes?: number;
  readonly limitBytes?: number;
  readonly delayMs?: number;
  readonly limitMs?: number;
}

const COLUMNS = [
  { title: 'WORKER', right: true },
  { title: 'RESOURCE' },
  { title: 'PRESSURE', right: true },
  { title: 'STEP' },
  { title: 'MEASURED' },
];

/** Returns the exit code: 1 when a worker sheds, else 0. */
export const showOverload = async (
  { json, ...target }: AdminTarget & { readonly json: boolean },
  output: Output,
): Promise<number> => {
  const client = await openAdmin(target);
  const reply = await client.request('GET', '/overload');
  const { level, workers, missing } = expectJson(reply) as Report;
  const rows = workers.flatMap(({ worker, resources }) =>
    resources.map((row) => [
      ...[worker, row.resource, `${Math.round(row.pressure * 100)}%`],
      ...[overloadStep(row.level) ?? '', measured(row)],
    ]),
  );
  if (json) output.line(reply.body.trimEnd());
  else {
    for (const line of renderTable(COLUMNS, rows)) output.line(line);
    warnMissing(missing, output);
  }
  return level >= 3 ? 1 : 0;
};

const measured = ({
  resource,
  open,
  limit,
  of,
  usedBytes,
  limitBytes,
  delayMs,
  limitMs,
}: ResourceRow): string => {
  if (resource === 'fds') return `${open ?? 0} open, limit ${limit ?? 0}`;
  if (resource === 'memory')
    return `${of ?? ''}: ${shortSize(usedBytes ?? 0)} of ${shortSize(limitBytes ?? 0)}`;
  return `${shortTime(delayMs ?? 0)} of ${shortTime(limitMs ?? 0)}`;
};
