/** Owns `torus explain`: what would become of a request, from a configuration alone or from the instance that runs. */
import { formatProblem, installationOf, loadConfig, readEnvironment } from '../config/index.js';
import type { ExplainQuestion, Explanation } from '../contracts/explanation.js';
import { parseQuestion } from '../http/explain-question.js';
import { explainOffline } from '../server/primary/explain-offline.js';
import { expectJson, openAdmin } from './admin-client.js';
import type { AdminTarget } from './admin-client.js';
import { AdminFailure } from './admin-failure.js';
import { explanationLines } from './explain-text.js';
import type { Output } from './output.js';

export interface ExplainRequest extends AdminTarget {
  /** `[METHOD] URL`. */
  readonly words: readonly string[];
  /** `Name: value`. */
  readonly headers: readonly string[];
  readonly client: string | undefined;
  readonly listener: string | undefined;
  readonly http2: boolean;
  readonly showValues: boolean;
  readonly live: boolean;
  readonly json: boolean;
  /** The file that the program was started with. */
  readonly entry: string;
}

const REFUSED = 1;
const NO_ANSWER = 2;

/** Returns the exit code: 0 when it goes upstream or is answered as configured, 1 when Torus would refuse it, 2 without an answer. */
export const explain = async (request: ExplainRequest, output: Output): Promise<number> => {
  const parsed = parseQuestion(questionOf(request));
  if ('problem' in parsed) return complain(output, parsed.problem);
  const isLive = request.live || request.admin !== undefined;
  try {
    const explanation = await (isLive ? askInstance : askConfiguration)(request, parsed.question, output);
    if (explanation === undefined) return NO_ANSWER;
    if (request.json) output.line(JSON.stringify(explanation, undefined, 2));
    else for (const line of explanationLines(explanation)) output.line(line);
    return explanation.verdict.outcome === 'refused' ? REFUSED : 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return complain(output, error.message);
  }
};

const complain = (output: Output, problem: string): number => {
  output.problem(`torus explain: ${problem}`);
  return NO_ANSWER;
};

/** Methods that nobody means in lower case. */
const COMMON = /^(?:get|head|post|put|patch|delete|options|trace|connect)$/;

const questionOf = ({ words, headers, ...rest }: ExplainRequest): object => {
  const { client, listener, http2, showValues } = rest;
  const [first = '', second] = words;
  if (second === undefined && COMMON.test(first.toLowerCase())) return { method: first, url: '' };
  const isTurned = second !== undefined && first.includes('://') && !second.includes('://');
  const [method, url] = second === undefined ? ['GET', first] : isTurned ? [second, first] : [first, second];
  return {
    ...{ url, headers, client, listener, http2, showValues },
    method: COMMON.test(method) ? method.toUpperCase() : method,
  };
};

const askInstance = async (
  target: ExplainRequest,
  question: ExplainQuestion,
): Promise<Explanation | undefined> => {
  const client = await openAdmin(target);
  return expectJson(await client.request('POST', '/explain', JSON.stringify(question))) as Explanation;
};

const askConfiguration = async (
  { file, cwd, entry }: ExplainRequest,
  question: ExplainQuestion,
  output: Output,
): Promise<Explanation | undefined> => {
  const result = await loadConfig({ file, cwd, env: readEnvironment(cwd) });
  if (!result.ok) {
    for (const problem of result.problems) output.problem(formatProblem(problem));
    return undefined;
  }
  const answer = await explainOffline(result.snapshot, question, installationOf(entry).explainer);
  if ('problem' in answer) throw new AdminFailure(answer.problem);
  return answer.explanation;
};
