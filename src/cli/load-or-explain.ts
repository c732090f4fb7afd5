/** Owns the loading of a configuration by a daemon: what is wrong with it becomes log lines. */
import { formatProblem, loadConfig } from '../config/index.js';
import type { LoadRequest } from '../config/index.js';
import type { ConfigProblem, ConfigSnapshot } from '../contracts/config.js';
import { createLogger } from '../observability/logger.js';
import type { Log } from '../observability/logger.js';

/** How bad a configuration that cannot be used is: at a start, at a reload, and where somebody only asks. */
export type Severity = 'fatal' | 'error' | 'silent';

export interface Loaded {
  /** Undefined after every problem was logged. Warnings are logged too. */
  readonly snapshot: ConfigSnapshot | undefined;
  /** Its warnings, or why there is none. */
  readonly problems: readonly ConfigProblem[];
  /** The configuration itself, absolute; undefined for the environment alone, and without a snapshot. */
  readonly file: string | undefined;
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
    const { inputs } = result;
    if (!result.ok) return { snapshot: undefined, file: undefined, problems, inputs };
    return { snapshot: result.snapshot, file: result.file, problems, inputs };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'The configuration cannot be read';
    if (severity !== 'silent') log[severity](message);
    const problem = { path: '', message, file: undefined, line: undefined, severity: 'error' } as const;
    return { snapshot: undefined, file: undefined, problems: [problem], inputs: [] };
  }
};

const logProblems = (log: Log, problems: readonly ConfigProblem[], severity: Severity): void => {
  if (severity === 'silent') return;
  for (const problem of problems) {
    const { path, file, line } = problem;
    const msg = problem.message.startsWith(JWT_SECRET_MISSING) ? JWT_SECRET_MISSING : formatProblem(problem);
    if (problem.severity === 'warning') log.warn({ path, file, line }, msg);
    else log[severity]({ path, file, line }, msg);
  }
};

// A line that operators and black-box tests look for, word by word.
const JWT_SECRET_MISSING = 'JWT Secret is required to boot JWT Authenticator.';
