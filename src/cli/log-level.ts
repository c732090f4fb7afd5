/** Owns `torus log-level`: more or fewer log lines of a running instance, without a restart. */
import { expectJson, openAdmin } from './admin-client.js';
import type { AdminTarget } from './admin-client.js';
import type { Output } from './output.js';

export interface LogLevelRequest extends AdminTarget {
  readonly level: string;
  /** Number of one worker; undefined for all and the primary. */
  readonly worker: string | undefined;
}

interface Changed {
  readonly level: string;
  readonly workers: readonly { readonly worker: number; readonly former: string }[];
}

/** Returns the exit code. */
export const setLogLevel = async (
  { level, worker, ...target }: LogLevelRequest,
  output: Output,
): Promise<number> => {
  const client = await openAdmin(target);
  const query = new URLSearchParams({ level, ...(worker === undefined ? {} : { worker }) });
  const changed = expectJson(await client.request('POST', `/log-level?${query.toString()}`)) as Changed;
  for (const { worker: number, former } of changed.workers)
    output.line(`worker ${number}: ${former} -> ${changed.level}`);
  return 0;
};
