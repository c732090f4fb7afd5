/** Owns the one line that says what becomes of a request. */
import type { Cause } from '../../contracts/cause.js';
import type {
  ExplainedFilter,
  ExplainedRoutes,
  ExplainedUpstream,
  ExplainedVerdict,
  FailedPredicate,
} from '../../contracts/explanation.js';
import { reasonOf } from '../../http/reason.js';

export interface Refusal {
  /** Undefined where nothing is answered at all. */
  readonly status: number | undefined;
  readonly cause: Cause | undefined;
  readonly because: string;
}

export function refused({ status, cause, because }: Refusal, route?: string): ExplainedVerdict {
  const what = status === undefined ? '' : `${statusWords(status)}, because `;
  return {
    ...NOTHING,
    ...{ outcome: 'refused', status, cause, route },
    summary: `refused: ${what}${because}`,
  };
}

/** A filter answers: as it is told to, or because it refuses. */
export function answeredBy({ name, status, cause, why }: ExplainedFilter, route: string): ExplainedVerdict {
  if (status === undefined || status >= 400)
    return refused({ status, cause, because: `filter ${name} of route ${route} says: ${why}` }, route);
  const summary = `answered: ${statusWords(status)}, by filter ${name} of route ${route}: ${why}`;
  return { ...NOTHING, outcome: 'answered', status, cause, route, summary };
}

/** `OPTIONS` with Max-Forwards: 0. */
export function answeredHere(route: string): ExplainedVerdict {
  const summary = `answered: ${statusWords(200)}, because Max-Forwards says that nobody further on is asked`;
  return { ...NOTHING, outcome: 'answered', status: 200, cause: 'ok', route, summary };
}

/** At least one upstream; the first alone where there is no choice. */
export function goesTo(
  route: string,
  upstreams: readonly ExplainedUpstream[],
  conditions: readonly string[],
): ExplainedVerdict {
  const [only] = upstreams;
  const certain = upstreams.length === 1 ? only : undefined;
  const where = upstreams.map(
    ({ name, available, total, panic }) =>
      `${name} (${availableWords(available, total)}${panicWords(panic)})`,
  );
  const endpoint = certain?.picks;
  const tail = `${endpoint === undefined ? '' : ` → ${endpoint}`}${conditionWords(conditions)}`;
  return {
    ...NOTHING,
    ...{ outcome: conditions.length === 0 ? 'forwarded' : 'depends', conditions, route, endpoint },
    upstream: certain?.name,
    summary: `→ route ${route} → upstream ${where.join(' or ')}${tail}`,
  };
}

const NOTHING = {
  status: undefined,
  cause: undefined,
  conditions: [],
  route: undefined,
  upstream: undefined,
  endpoint: undefined,
};

const statusWords = (status: number): string => `${String(status)} ${reasonOf(status)}`.trim();

function availableWords(available: number, total: number): string {
  return `${String(available)} of ${String(total)} endpoint${total === 1 ? '' : 's'} available`;
}

const panicWords = (panic: boolean): string => (panic ? ', all are used in panic' : '');

const conditionWords = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `; it depends (${conditions.join('; ')})`;

/** Why no route takes it. */
export function missWords({ candidates, allow, total }: ExplainedRoutes): string {
  if (allow !== undefined) return `the routes of this place take ${allow.join(', ')} only`;
  const nearest = nearestOf(candidates);
  if (nearest?.failed === undefined) return `none of ${String(total)} routes takes it`;
  return `no route takes it; the nearest is ${nearest.route}: ${failureWords(nearest.failed)}`;
}

const STAGES = ['kind', 'host', 'path', 'ports', 'methods', 'headers', 'query'];

function nearestOf(
  candidates: ExplainedRoutes['candidates'],
): ExplainedRoutes['candidates'][number] | undefined {
  const stage = ({ failed }: ExplainedRoutes['candidates'][number]): number =>
    STAGES.indexOf(failed?.predicate ?? '');
  return candidates.reduce<ExplainedRoutes['candidates'][number] | undefined>(
    (best, one) => (best === undefined || stage(one) > stage(best) ? one : best),
    undefined,
  );
}

export function failureWords({ predicate, name, wanted, got }: FailedPredicate): string {
  const what = name === undefined ? predicate : `${predicate} ${name}`;
  return `${what}: wants ${wanted}, got ${got}`;
}
