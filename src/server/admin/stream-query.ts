/** Owns the reading of what a request to the live view asks for. What is not understood is refused, never overlooked. */
import { parseDuration } from '../../config/index.js';
import type { ExchangePhase } from '../../contracts/exchange.js';
import type { StreamQuery } from '../../contracts/live-view.js';
import { STREAM_ORDERS } from '../../observability/stream-selection.js';
import { AdminProblem, numberIn, refuseUnknown } from './admin-route.js';

const PHASES: readonly ExchangePhase[] = ['filter', 'connect', 'request', 'wait', 'response', 'tunnel'];
const BLOCKED = ['client', 'upstream', 'any'] as const;
const NAMED = ['id', 'listener', 'client', 'route', 'upstream', 'endpoint'] as const;
const PARAMETERS: readonly string[] = [...NAMED, 'slow', 'phase', 'blocked', 'sort', 'limit'];

export const ROWS = { fallback: 50, min: 1, max: 1000 } as const;

/** Throws an `AdminProblem` of 400. */
export const streamQueryOf = (query: URLSearchParams): StreamQuery => {
  refuseUnknown(query, PARAMETERS);
  const named = Object.fromEntries(NAMED.map((name) => [name, query.get(name) ?? undefined]));
  return {
    ...named,
    slowMs: durationIn(query, 'slow'),
    phase: oneOf(query, 'phase', PHASES),
    blocked: oneOf(query, 'blocked', BLOCKED),
    sort: oneOf(query, 'sort', STREAM_ORDERS) ?? 'age',
    limit: numberIn(query, 'limit', ROWS),
  };
};

const durationIn = (query: URLSearchParams, name: string): number | undefined => {
  const given = query.get(name);
  if (given === null) return undefined;
  const read = parseDuration(given);
  if (!read.ok) throw new AdminProblem(400, `${name} ${read.message}`);
  return read.value;
};

const oneOf = <Word extends string>(
  query: URLSearchParams,
  name: string,
  words: readonly Word[],
): Word | undefined => {
  const given = query.get(name);
  const word = words.find((known) => known === given);
  if (given !== null && word === undefined)
    throw new AdminProblem(400, `${name} must be one of ${words.join(', ')}`);
  return word;
};
