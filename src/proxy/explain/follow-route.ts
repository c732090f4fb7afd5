/** Owns the way of a question from its route to the upstream: the order is that of `ExchangeRun` in `http-proxy.ts`. */
import type { ExplainedForward, ExplainedUpstream } from '../../contracts/explanation.js';
import type { Fields } from '../../contracts/fields.js';
import type { CompiledRoute } from '../../contracts/router.js';
import type { Upstream } from '../../contracts/upstream.js';
import { CAUSES } from '../../errors/causes.js';
import { copyOf } from '../../http/field-block.js';
import { spendForward } from '../../http/max-forwards.js';
import { shownField, shownUrl } from '../../http/secret-value.js';
import type { ProxyExchange } from '../exchange.js';
import { grpcLimit } from '../grpc-deadline.js';
import { sheds } from '../shedding.js';
import type { Account } from './account.js';
import { walkFilters } from './explain-filters.js';
import type { ExplainerParts } from './explainer-parts.js';
import { placedUpstream, routeLimits, routeTimeouts } from './settings.js';
import { answeredBy, answeredHere, goesTo, refused } from './verdict.js';

type Services = Pick<ExplainerParts, 'forwarder' | 'overload'>;

interface Way extends Services {
  readonly account: Account;
  readonly exchange: ProxyExchange;
  readonly route: CompiledRoute;
  /** That go upstream, as they are by now. */
  readonly fields: Fields;
  readonly conditions: readonly string[];
}

export function followRoute(account: Account, route: CompiledRoute, { forwarder, overload }: Services): void {
  const { exchange } = account;
  if (exchange === undefined) return;
  exchange.route = route;
  if (overload !== undefined && sheds(overload, route)) {
    const because = `the worker is short of ${overload.shedBy} and sheds load`;
    account.verdict = refused({ status: 503, cause: 'internal.overload.shed', because }, route.name);
    return;
  }
  const fields = copyOf(exchange.request.fields);
  noteSettings(account, route, { exchange, fields });
  const walk = walkFilters(route.filters, { exchange, fields }, account.question);
  account.filters = walk.filters;
  account.concealed = walk.concealed;
  if (walk.answer === undefined)
    forward({ account, exchange, route, fields, forwarder, overload, conditions: walk.conditions });
  else account.verdict = answeredBy(walk.answer, route.name);
}

function noteSettings(
  account: Account,
  route: CompiledRoute,
  { exchange, fields }: { readonly exchange: ProxyExchange; readonly fields: Fields },
): void {
  const { grpc, startedAt } = exchange;
  const { requestMs: ofRoute } = route.config.timeouts;
  const requestMs = grpc === undefined ? ofRoute : grpcLimit(grpc, fields, { requestMs: ofRoute, startedAt });
  if (grpc !== undefined && requestMs > 0) fields.remove('grpc-timeout');
  const timeouts = routeTimeouts(route, { requestMs, isGrpc: grpc !== undefined });
  account.timeouts.push(...account.origins.place(timeouts, route.name));
  account.limits.push(...account.origins.place(routeLimits(route), route.name));
}

function forward(way: Way): void {
  const { account, exchange, route, fields } = way;
  const hop = exchange.request.method === 'OPTIONS' ? spendForward(fields) : 'on';
  if (hop === 'last') account.verdict = answeredHere(route.name);
  else if (hop === 'malformed') refuse(way, 'downstream.head.malformed', 'Max-Forwards is no number');
  else chooseUpstream(way);
}

function chooseUpstream(way: Way): void {
  const { account, exchange, route } = way;
  const { upstreams, ...split } = route.split?.explain(exchange) ?? { upstreams: [route.upstream] };
  if ('by' in split) account.split = split;
  const known = upstreams.filter((upstream) => upstream !== undefined);
  account.upstreams = known.map((upstream) => describe(upstream, way));
  if (known.length === 0) refuse(way, 'upstream.pick.none-available', 'the route has no upstream');
  else askForwarder(way);
}

const describe = (upstream: Upstream, { account, exchange }: Way): ExplainedUpstream =>
  placedUpstream(upstream.explain(exchange), account.origins);

function askForwarder(way: Way): void {
  const { account, exchange, route, fields, forwarder } = way;
  const endpointHost = certainHost(account.upstreams);
  const downstream = { head: exchange.request };
  const said = forwarder.explain({ exchange, downstream, route, fields, endpointHost });
  if ('refused' in said) {
    refuse(way, said.refused, said.detail ?? CAUSES[said.refused].title);
    return;
  }
  const { forwarded, retry } = said;
  account.forwarded = withoutSecrets(forwarded, account.concealed);
  const isWritten = account.origins.isWritten('route', route.name, 'retry');
  account.retry = retry && { ...retry, from: isWritten ? 'route' : 'default' };
  conclude(way);
}

/** Where every side of a split is without an endpoint, it is refused; where some are, chance decides. */
function conclude(way: Way): void {
  const { account, route, conditions } = way;
  const { upstreams } = account;
  const unseen = account.live ? [] : upstreams.filter(isUndiscovered);
  const failing = upstreams.filter((each) => each.refusal !== undefined && !unseen.includes(each));
  const [first] = failing;
  if (first?.refusal !== undefined && failing.length === upstreams.length) {
    refuse(way, first.refusal, `upstream ${first.name}: ${first.why}`);
    return;
  }
  const more = failing.map(({ name, why }) => `the split may choose ${name}: ${why}`);
  const unknown = unseen.map(({ name, source }) => `the endpoints of ${name} are found by ${source}`);
  account.verdict = goesTo(route.name, upstreams, [...conditions, ...more, ...unknown]);
}

/** Nobody has looked for its endpoints. */
const isUndiscovered = ({ total, source }: ExplainedUpstream): boolean =>
  total === 0 && source !== 'configuration';

function refuse({ account, route }: Way, cause: keyof typeof CAUSES, because: string): void {
  const { status } = CAUSES[cause];
  account.verdict = refused({ status, cause, because }, route.name);
}

function certainHost(upstreams: readonly ExplainedUpstream[]): string | undefined {
  const [only, ...others] = upstreams;
  if (only === undefined || others.length > 0) return undefined;
  return only.endpoints.find(({ address }) => address === only.picks)?.host;
}

/** Credentials are never told; claims that became fields only to those who ask for values (a filter conceals them). */
function withoutSecrets(forwarded: ExplainedForward, concealed: ReadonlySet<string>): ExplainedForward {
  const { target, fields } = forwarded;
  return {
    ...forwarded,
    target: shownUrl(target, concealed),
    fields: fields.map(([name, value]) => [name, shownField(name, value, concealed)]),
  };
}
