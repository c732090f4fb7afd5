/** Owns `torus diff` and `torus apply`: what a configuration would change, and what it has changed. */
import {
  describeReadError,
  diffSnapshots,
  formatProblem,
  loadConfig,
  readConfigText,
  readEnvironment,
  TEXT_NAME,
} from '../config/index.js';
import type { ConfigChange } from '../config/index.js';
import type { ConfigProblem, ConfigSnapshot } from '../contracts/config.js';
import { planReload } from '../server/primary/reload-plan.js';
import { AdminFailure } from './admin-failure.js';
import { openAdmin } from './admin-client.js';
import type { AdminTarget } from './admin-client.js';
import type { Output } from './output.js';

export interface DiffRequest extends AdminTarget {
  readonly words: readonly string[];
  readonly json: boolean;
}

/** As the admin API gives it. */
interface Outcome {
  readonly outcome: string;
  readonly version?: number;
  readonly changes: readonly ConfigChange[];
  readonly needNewWorkers: readonly string[];
  readonly needRestart: readonly string[];
  readonly problems: readonly ConfigProblem[];
}

const SAME = 0;
const DIFFERENT = 1;
const TROUBLE = 2;

/** Exit codes as of diff(1): 0 no difference, 1 differences, 2 when one of the two cannot be used. */
export const diff = async (request: DiffRequest, output: Output): Promise<number> => {
  const result = await (request.words.length === 2 ? diffFiles(request) : askInstance(request, true));
  show(result, request.json, output);
  if (result.outcome === 'rejected') return TROUBLE;
  return result.changes.length === 0 ? SAME : DIFFERENT;
};

/** Exit code 0 once it is served, 1 when it was rejected and nothing changed. */
export const apply = async (request: DiffRequest, output: Output): Promise<number> => {
  const result = await askInstance(request, false);
  show(result, request.json, output);
  if (!request.json) output.line(VERDICTS[result.outcome]?.(result) ?? result.outcome);
  return result.outcome === 'rejected' ? 1 : 0;
};

const VERDICTS: Readonly<Record<string, (result: Outcome) => string>> = {
  applied: ({ version = 0 }) => `Applied: generation ${version} is served.`,
  unchanged: ({ version = 0 }) => `Nothing to do: generation ${version} says the same.`,
  rejected: ({ version = 0 }) => `Rejected: generation ${version} is served as before.`,
};

const diffFiles = async ({ words: [former = '', next = ''], cwd }: DiffRequest): Promise<Outcome> => {
  const [from, to] = [await load(former, cwd), await load(next, cwd)];
  if (Array.isArray(from)) return rejected(from);
  if (Array.isArray(to)) return rejected(to);
  const { needNewWorkers, needRestart } = planReload(from, to);
  return { outcome: 'valid', changes: diffSnapshots(from, to), needNewWorkers, needRestart, problems: [] };
};

const load = async (file: string, cwd: string): Promise<ConfigSnapshot | ConfigProblem[]> => {
  const result = await loadConfig({ file, cwd, env: readEnvironment(cwd) });
  return result.ok ? result.snapshot : [...result.problems];
};

const rejected = (problems: readonly ConfigProblem[]): Outcome => ({
  ...{ outcome: 'rejected', changes: [], needNewWorkers: [], needRestart: [] },
  problems,
});

const askInstance = async ({ words, ...target }: DiffRequest, isDryRun: boolean): Promise<Outcome> => {
  const [file] = words;
  const text = file === undefined ? undefined : await textOf(file, target.cwd);
  const client = await openAdmin(target);
  const { status, body } = await client.request('POST', `/config?dryRun=${String(isDryRun)}`, text);
  if (status !== 200 && !body.startsWith('{')) throw new AdminFailure(body.trim());
  const outcome = JSON.parse(body) as Outcome;
  return file === undefined ? outcome : { ...outcome, problems: outcome.problems.map(namedAs(file)) };
};

/** The instance was sent a text and knows no name of it. That of a module was written anew: its lines are not those of the file. */
const namedAs =
  (file: string) =>
  (problem: ConfigProblem): ConfigProblem => {
    if (problem.file !== TEXT_NAME) return problem;
    return { ...problem, file, line: /\.(ya?ml|json)$/.test(file) ? problem.line : undefined };
  };

const textOf = async (file: string, cwd: string): Promise<string> => {
  const text = await readConfigText(file, cwd).catch((error: unknown) => {
    throw new AdminFailure(`${file} ${describeReadError(error)}`);
  });
  // Without a text the instance would read its own file again, and say that this one is in force.
  if (text.trim() === '') throw new AdminFailure(`${file} is empty`);
  return text;
};

const show = (result: Outcome, json: boolean, output: Output): void => {
  if (json) {
    output.line(JSON.stringify(result, undefined, 2));
    return;
  }
  for (const problem of result.problems) output.problem(formatProblem(problem));
  for (const change of result.changes) for (const line of linesOf(change)) output.line(line);
  if (result.needNewWorkers.length > 0)
    output.line(`Replaces the workers, one by one: ${result.needNewWorkers.join(', ')}`);
  if (result.needRestart.length > 0) output.line(`Only after a restart: ${result.needRestart.join(', ')}`);
};

const linesOf = ({ kind, path, from = '', to = '', members }: ConfigChange): readonly string[] => {
  if (kind === 'changed') return [`~ ${path}: ${from} -> ${to}`];
  const sign = kind === 'added' ? '+' : '-';
  if (members === undefined || members.length === 0) return [`${sign} ${path}: ${from}${to}`];
  return [
    `${sign} ${path}:`,
    ...members.map((member) => `${sign}   ${member.path}${member.value === '' ? '' : `: ${member.value}`}`),
  ];
};
