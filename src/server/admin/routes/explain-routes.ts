/** Owns the route that says what would become of a request. */
import type { ExplainQuestion } from '../../../contracts/explanation.js';
import { parseQuestion } from '../../../http/explain-question.js';
import { AdminProblem, json, refuseUnknown, workerIn } from '../admin-route.js';
import type { AdminAnswer, AdminRoute } from '../admin-route.js';

export interface ExplainSources {
  /** Of one worker, or of any (`worker` 0). Throws an `AdminProblem` where nobody can answer. */
  readonly explain: (question: ExplainQuestion, worker: number) => Promise<object>;
}

/** Nothing changes by either: POST is there for what does not fit, or does not belong, in a URL. */
export const explainRoutes = ({ explain }: ExplainSources): AdminRoute[] => {
  const answer = async (input: unknown, query: URLSearchParams): Promise<AdminAnswer> => {
    const parsed = parseQuestion(input);
    if ('problem' in parsed) throw new AdminProblem(400, parsed.problem);
    return json(await explain(parsed.question, workerIn(query, 0)));
  };
  return [
    {
      method: 'POST',
      path: '/explain',
      summary:
        '{"method": "GET", "url": "https://host/path", "headers": {}}: what would become of it, and why',
      handle: async ({ body, query }) => {
        refuseUnknown(query, ['worker']);
        return answer(parsedJson(await body()), query);
      },
    },
    {
      method: 'GET',
      path: '/explain',
      summary: 'url=https://host/path [method=GET] [header=Name:value] [client=IP] [listener=NAME]: the same',
      handle: ({ query }) => {
        refuseUnknown(query, [...TEXTS, 'header', 'worker']);
        return answer(questionIn(query), query);
      },
    },
  ];
};

const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new AdminProblem(
      400,
      'the body must be JSON such as {"method": "GET", "url": "https://host/path"}',
    );
  }
};

const TEXTS = ['method', 'url', 'client', 'listener', 'http2', 'showValues'];

const questionIn = (query: URLSearchParams): object => {
  const texts = TEXTS.flatMap((name) => {
    const value = query.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(texts), headers: query.getAll('header') };
};
