/** Owns what is counted of each route's exchanges. */
import type { Exchange } from '../contracts/exchange.js';
import type { Exemplar } from './metrics-snapshot.js';
import { DurationHistogram } from './duration-histogram.js';
import { FlowMetrics } from './flow-metrics.js';
import { OVERFLOW_LABEL } from './label-tree.js';
import type { HistogramSample, Sample } from './metrics-snapshot.js';

const METHODS: readonly string[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'TRACE',
];
const METHOD_INDEX: ReadonlyMap<string, number> = new Map(METHODS.map((method, index) => [method, index]));
const OTHER_METHOD = METHODS.length;
const STATUS_SPAN = 1000;
/** UNAUTHENTICATED: those beyond it are nobody's. */
const LAST_GRPC_STATUS = 16;

/** Routes counted by name in one worker; the rest share one. Above any sensible configuration. */
const MAX_ROUTES = 5000;
/** Exchanges that matched no route. */
const NO_ROUTE = 'none';

export class RequestMetrics {
  readonly #routes = new Map<string, RouteMetrics>();
  /** Durations name the trace of a request that took that long, where it was recorded. */
  withExemplars = false;

  complete(exchange: Exchange): void {
    const name = exchange.route === undefined ? NO_ROUTE : exchange.route.name;
    const route = this.#routes.get(name) ?? this.#create(name);
    route.complete(exchange);
    if (this.withExemplars && exchange.trace?.sampled === true)
      route.durations.exemplify(exchange.durationMs, exchange.trace.traceId);
  }

  requests(): Sample[] {
    return this.#list((route, name) => route.requests(name));
  }

  durations(): HistogramSample[] {
    return this.#list((route, name) => {
      const [labels, buckets, sum] = route.durations.sample([name]);
      return [[labels, buckets, sum, this.#exemplarsOf(route)]];
    });
  }

  blocked(): HistogramSample[] {
    return this.#list((route, name) => route.flow?.blocked(name) ?? []);
  }

  peakBuffered(): HistogramSample[] {
    return this.#list((route, name) => route.flow?.peakBuffered(name) ?? []);
  }

  requestBytes(): Sample[] {
    return this.#list((route, name) => [[[name], route.requestBytes]]);
  }

  responseBytes(): Sample[] {
    return this.#list((route, name) => [[[name], route.responseBytes]]);
  }

  grpcResponses(): Sample[] {
    return this.#list((route, name) => route.grpcResponses(name));
  }

  #exemplarsOf(route: RouteMetrics): readonly (Exemplar | null)[] | undefined {
    return this.withExemplars ? route.durations.exemplars : undefined;
  }

  #list<Row>(rows: (route: RouteMetrics, name: string) => Row[]): Row[] {
    return [...this.#routes].flatMap(([name, route]) => rows(route, name));
  }

  #create(name: string): RouteMetrics {
    const bounded = this.#routes.size < MAX_ROUTES ? name : OVERFLOW_LABEL;
    const route = this.#routes.get(bounded) ?? new RouteMetrics();
    this.#routes.set(bounded, route);
    return route;
  }
}

class RouteMetrics {
  readonly durations = new DurationHistogram();
  /** Of exchanges that streamed; made when there is one. */
  flow: FlowMetrics | undefined = undefined;
  requestBytes = 0;
  responseBytes = 0;
  /** Calls of gRPC by their status; made when there is one. */
  #grpcCounts: Map<string, number> | undefined = undefined;
  /** cause -> (method and status in one number) -> count. */
  readonly #counts = new Map<string, Map<number, number>>();

  complete(exchange: Exchange): void {
    this.durations.observe(exchange.durationMs);
    this.requestBytes += exchange.requestBytes;
    this.responseBytes += exchange.responseBytes;
    if (exchange.flow !== undefined) (this.flow ??= new FlowMetrics()).observe(exchange.flow);
    if (exchange.grpc !== undefined) this.#countGrpc(exchange.grpc.status);
    this.#count(exchange.cause ?? 'ok', outcomeKey(exchange.request.method, exchange.status));
  }

  requests(route: string): Sample[] {
    return [...this.#counts].flatMap(([cause, byKey]) =>
      [...byKey].map(([key, count]): Sample => [
        [route, methodOf(key), String(key % STATUS_SPAN), cause],
        count,
      ]),
    );
  }

  grpcResponses(route: string): Sample[] {
    return [...(this.#grpcCounts ?? [])].map(([status, count]): Sample => [[route, status], count]);
  }

  #countGrpc(status: number): void {
    const label = status < 0 ? 'none' : status > LAST_GRPC_STATUS ? 'other' : String(status);
    this.#grpcCounts ??= new Map();
    this.#grpcCounts.set(label, (this.#grpcCounts.get(label) ?? 0) + 1);
  }

  #count(cause: string, key: number): void {
    let byKey = this.#counts.get(cause);
    if (byKey === undefined) {
      byKey = new Map();
      this.#counts.set(cause, byKey);
    }
    byKey.set(key, (byKey.get(key) ?? 0) + 1);
  }
}

const outcomeKey = (method: string, status: number): number => {
  const bounded = status >= 100 && status <= 599 ? status : 0;
  return (METHOD_INDEX.get(method) ?? OTHER_METHOD) * STATUS_SPAN + bounded;
};

const methodOf = (key: number): string => METHODS[Math.floor(key / STATUS_SPAN)] ?? 'OTHER';
