/** Owns the account of the timeouts and limits that hold for a request, each with the place it is from. */
import type { ListenerConfig, WrittenKeys } from '../../contracts/config.js';
import type { ExplainedSetting, ExplainedUpstream } from '../../contracts/explanation.js';
import type { CompiledRoute } from '../../contracts/router.js';

/** Who reads the value; what nobody wrote is a default. */
type Owner = Exclude<ExplainedSetting['from'], 'default'>;
type Row = readonly [name: string, value: number, key: string];

/** Which keys somebody wrote; `undefined` when that is not known, and every value counts as written. */
export class Origins {
  private readonly written: WrittenKeys | undefined;

  constructor(written: WrittenKeys | undefined) {
    this.written = written;
  }

  isWritten(owner: Owner, name: string, key: string): boolean {
    if (this.written === undefined) return true;
    const keys = this.written[`${owner}s`][name] ?? [];
    return keys.includes(key) || keys.includes(key.split('.')[0] ?? key);
  }

  /** The same settings, those that nobody wrote marked as defaults, and each key with its place. */
  place(settings: readonly ExplainedSetting[], name: string): readonly ExplainedSetting[] {
    return settings.map((setting) => {
      const { from, key } = setting;
      const place = `${from === 'default' ? '' : `${from}s.${name}.`}${key}`;
      if (from === 'default') return setting;
      return { ...setting, key: place, from: this.isWritten(from, name, key) ? from : 'default' };
    });
  }
}

export function listenerTimeouts({ timeouts, tls }: ListenerConfig): readonly ExplainedSetting[] {
  const handshake: Row = ['TLS handshake', timeouts.tlsHandshakeMs, 'timeouts.tlsHandshake'];
  return rows('listener', 'ms', [
    ...(tls === undefined ? [] : [handshake]),
    ['request head', timeouts.requestHeadMs, 'timeouts.requestHead'],
    ['gap in the request body', timeouts.bodyGapMs, 'timeouts.bodyGap'],
    ['client takes nothing', timeouts.writeGapMs, 'timeouts.writeGap'],
    ['idle connection', timeouts.keepAliveMs, 'timeouts.keepAlive'],
  ]);
}

export function listenerLimits({ limits }: ListenerConfig): readonly ExplainedSetting[] {
  return [
    ...rows('listener', 'bytes', [
      ['request line', limits.requestLineBytes, 'limits.requestLine'],
      ['request head', limits.headBytes, 'limits.head'],
      ['request body, least a second', limits.bodyBytesPerSecond, 'limits.bodyRate'],
    ]),
    ...rows('listener', '', [['header fields', limits.headerCount, 'limits.headerCount']]),
  ];
}

/** `requestMs` is what holds for this exchange: a gRPC client may have asked for less. */
export function routeTimeouts(
  { config }: CompiledRoute,
  { requestMs, isGrpc }: { readonly requestMs: number; readonly isGrpc: boolean },
): readonly ExplainedSetting[] {
  const { timeouts, retry } = config;
  const headMs = isGrpc ? timeouts.grpcResponseHeadMs : timeouts.responseHeadMs;
  return rows('route', 'ms', [
    ['whole request', requestMs, 'timeouts.request'],
    ['response head', headMs, 'timeouts.responseHead'],
    ['upstream takes nothing', timeouts.idleMs, 'timeouts.idle'],
    ['silence of a response or tunnel', timeouts.idleMs, 'timeouts.idle'],
    ['one attempt', retry?.perTryTimeoutMs ?? 0, 'retry.perTryTimeout'],
  ]);
}

export function routeLimits({ bodyRules }: CompiledRoute): readonly ExplainedSetting[] {
  if (bodyRules.maxBytes === Infinity) return [];
  const key = 'filters';
  return [{ name: 'request body', value: bodyRules.maxBytes, unit: 'bytes', from: 'route', key }];
}

export function placedUpstream(upstream: ExplainedUpstream, origins: Origins): ExplainedUpstream {
  const { name, timeouts, limits } = upstream;
  return { ...upstream, timeouts: origins.place(timeouts, name), limits: origins.place(limits, name) };
}

/** 0 is written for none. */
const rows = (
  from: Owner,
  unit: ExplainedSetting['unit'],
  list: readonly Row[],
): readonly ExplainedSetting[] =>
  list.map(([name, value, key]) => ({ name, value: value === 0 ? undefined : value, unit, from, key }));
