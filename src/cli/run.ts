/** Owns `torus run`: a configuration that can be served is served, one that cannot is refused with a line for each reason. */
import { runPrimary } from '../server/primary/run-primary.js';
import { ConfigInput } from './config-input.js';

export interface RunRequest {
  readonly file: string | undefined;
  readonly cwd: string;
  /** The program's own file: workers run it, and what it was installed with lies beside it. */
  readonly entry: string;
}

/** Serves until told to stop. Returns the exit code. */
export const run = async ({ file, cwd, entry }: RunRequest): Promise<number> => {
  const input = new ConfigInput({ file, cwd });
  const snapshot = await input.first();
  if (snapshot === undefined) return 1;
  return runPrimary({ snapshot, entry, input });
};
