/** Owns `torus check`: the verdict on a configuration, by the very path that `run` uses. */
import { formatProblem, loadConfig, redactSnapshot } from '../config/index.js';
import type { ConfigSnapshot } from '../contracts/config.js';
import { counted } from '../observability/status/format.js';
import type { Output } from './output.js';

export interface CheckRequest {
  readonly file: string | undefined;
  readonly print: boolean;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Returns the exit code: 0 when `run` would accept the configuration, else 1. */
export const checkConfig = async (request: CheckRequest, output: Output): Promise<number> => {
  const { file, cwd, env } = request;
  const result = await loadConfig({ file, cwd, env });
  const problems = result.ok ? result.warnings : result.problems;
  for (const problem of problems) output.problem(formatProblem(problem));
  if (!result.ok) return 1;
  if (request.print) output.line(JSON.stringify(redactSnapshot(result.snapshot), null, 2));
  output.line(`OK ${result.file ?? 'environment'}: ${summarise(result.snapshot)}`);
  return 0;
};

const summarise = ({ listeners, routes, upstreams, workers }: ConfigSnapshot): string =>
  [
    counted(listeners.length, 'listener'),
    counted(routes.length, 'route'),
    counted(upstreams.length, 'upstream'),
    counted(workers, 'worker'),
  ].join(', ');
