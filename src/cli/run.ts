/** Owns `torus run`: a configuration that can be served is served, one that cannot is refused with a line for each reason. */
import { formatProblem, InputWatch, loadConfig, readEnvironment } from '../config/index.js';
import type { LoadRequest } from '../config/index.js';
import type { ConfigProblem, ConfigSnapshot } from '../contracts/config.js';
import { createLogger } from '../observability/logger.js';
import type { Log } from '../observability/logger.js';
import { runPrimary } from '../server/primary/run-primary.js';

export interface RunRequest {
  readonly file: string | undefined;
  readonly cwd: string;
  /** The file that workers run. */
  readonly workerEntry: string;
}

/** Serves until told to stop. Returns the exit code. */
export const run = async ({ file, cwd, workerEntry }: RunRequest): Promise<number> => {
  const watch = new InputWatch();
  const load = async (version: number, severity: Severity): Promise<Loaded> => {
    const request = (): LoadRequest => ({ file, cwd, env: readEnvironment(cwd), version });
    const loaded = await watch.during(() => loadOrExplain(request, severity));
    if (loaded.snapshot !== undefined) watch.enable(loaded.snapshot.watch);
    return loaded;
  };
  const { snapshot } = await load(1, 'fatal');
  if (snapshot === undefined) return 1;
  return runPrimary({ snapshot, workerEntry, watch, reload: (version) => load(version, 'error') });
};

/** How bad a configuration that cannot be used is: at a start, and at a reload. */
type Severity = 'fatal' | 'error';

export interface Loaded {
  /** Undefined after every problem was logged. Warnings are logged too. */
  readonly snapshot: ConfigSnapshot | undefined;
  /** Its warnings, or why there is none. */
  readonly problems: readonly ConfigProblem[];
  /** Files that it was made from. */
  readonly inputs: readonly string[];
}

export const loadOrExplain = async (
  makeRequest: () => LoadRequest,
  severity: Severity = 'fatal',
): Promise<Loaded> => {
  const log = createLogger({ level: 'info', pretty: false, role: 'primary' });
  try {
    const result = await loadConfig(makeRequest());
    const problems = result.ok ? result.warnings : result.problems;
    logProblems(log, problems, severity);
    return { snapshot: result.ok ? result.snapshot : undefined, problems, inputs: result.inputs };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'The configuration cannot be read';
    log[severity](message);
    const problem = { path: '', message, file: undefined, line: undefined, severity: 'error' } as const;
    return { snapshot: undefined, problems: [problem], inputs: [] };
  }
};

const logProblems = (log: Log, problems: readonly ConfigProblem[], severity: Severity): void => {
  for (const problem of problems) {
    const { path, file, line } = problem;
    const msg = problem.message.startsWith(JWT_SECRET_MISSING) ? JWT_SECRET_MISSING : formatProblem(problem);
    if (problem.severity === 'warning') log.warn({ path, file, line }, msg);
    else log[severity]({ path, file, line }, msg);
  }
};

// A line that operators and black-box tests look for, word by word.
const JWT_SECRET_MISSING = 'JWT Secret is required to boot JWT Authenticator.';
