/** Owns one question to DNS: what endpoints the records of a name make, for how long, and what kind of failure there was. */
import type { RecordWithTtl, SrvRecord } from 'node:dns';
import type { DiscoveryConfig, EndpointConfig } from '../../../../contracts/upstream-config.js';

export type DnsConfig = Extract<DiscoveryConfig, { kind: 'dns' }>;

/** The part of `dns.promises.Resolver` that is used. */
export interface DnsResolver {
  resolve4(name: string, options: { ttl: true }): Promise<RecordWithTtl[]>;
  resolve6(name: string, options: { ttl: true }): Promise<RecordWithTtl[]>;
  resolveSrv(name: string): Promise<SrvRecord[]>;
  /** Every question that waits for its answer fails. */
  cancel(): void;
}

export type DnsAnswer =
  /** `isPartial`: one of two questions failed, so that endpoints may be missing. */
  | {
      readonly kind: 'endpoints';
      readonly endpoints: readonly EndpointConfig[];
      readonly ttlMs: number;
      readonly isPartial: boolean;
    }
  /** There is no such name, or it has no such records. */
  | { readonly kind: 'empty'; readonly code: string }
  | { readonly kind: 'failed'; readonly code: string };

/** More addresses than any upstream has. */
const MAX_ENDPOINTS = 1000;
const MAX_TARGETS = 100;
/** As for endpoints in the configuration. */
const MAX_WEIGHT = 1000;
/** An authoritative "no" (RFC 2308): NXDOMAIN, and no records of that type. */
const EMPTY_CODES = new Set(['ENOTFOUND', 'ENODATA']);

/** Never rejects. */
export const askDns = (resolver: DnsResolver, config: DnsConfig): Promise<DnsAnswer> =>
  config.records === 'SRV' ? askServices(resolver, config) : askAddresses(resolver, config);

interface Addresses {
  readonly found: readonly RecordWithTtl[];
  readonly failure: string | undefined;
  readonly emptiness: string | undefined;
}

const askAddresses = async (resolver: DnsResolver, config: DnsConfig): Promise<DnsAnswer> => {
  const { found, failure, emptiness } = await addressesOf(resolver, config.name, config.records);
  if (found.length === 0)
    return failure === undefined
      ? { kind: 'empty', code: emptiness ?? 'ENODATA' }
      : { kind: 'failed', code: failure };
  const endpoints = found.map(({ address }) => endpointAt(address, { port: config.port, weight: 1 }, config));
  return {
    kind: 'endpoints',
    endpoints: tidy(endpoints),
    ttlMs: ttlOf(found),
    isPartial: failure !== undefined,
  };
};

/** RFC 2782. Only the targets of the lowest priority that have an address are used; the others are for when those are gone. */
const askServices = async (resolver: DnsResolver, config: DnsConfig): Promise<DnsAnswer> => {
  const records = await resolver.resolveSrv(config.name).catch((error: unknown) => codeOf(error));
  if (typeof records === 'string')
    return { kind: EMPTY_CODES.has(records) ? 'empty' : 'failed', code: records };
  // A target of "." says that the service is decidedly not there.
  const targets = records.filter(({ name }) => name !== '' && name !== '.').slice(0, MAX_TARGETS);
  const priorities = [...new Set(targets.map(({ priority }) => priority))].sort((a, b) => a - b);
  let failure: string | undefined;
  for (const priority of priorities) {
    const group = targets.filter((target) => target.priority === priority);
    const answers = await Promise.all(group.map(({ name }) => addressesOf(resolver, name, 'both')));
    failure ??= answers.find((answer) => answer.failure !== undefined)?.failure;
    const found = answers.flatMap((answer) => answer.found);
    if (found.length === 0) continue;
    const endpoints = group.flatMap(({ port, weight }, index) =>
      (answers[index]?.found ?? []).map(({ address }) =>
        endpointAt(address, { port, weight: scaled(weight, group) }, config),
      ),
    );
    return {
      kind: 'endpoints',
      endpoints: tidy(endpoints),
      ttlMs: ttlOf(found),
      isPartial: failure !== undefined,
    };
  }
  return failure === undefined ? { kind: 'empty', code: 'ENODATA' } : { kind: 'failed', code: failure };
};

const addressesOf = async (
  resolver: DnsResolver,
  name: string,
  records: DnsConfig['records'],
): Promise<Addresses> => {
  const questions = [
    ...(records === 'AAAA' ? [] : [resolver.resolve4(name, { ttl: true })]),
    ...(records === 'A' ? [] : [resolver.resolve6(name, { ttl: true })]),
  ];
  const answers = await Promise.allSettled(questions);
  const codes = answers.flatMap((answer) => (answer.status === 'rejected' ? [codeOf(answer.reason)] : []));
  return {
    found: answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : [])),
    failure: codes.find((code) => !EMPTY_CODES.has(code)),
    emptiness: codes.find((code) => EMPTY_CODES.has(code)),
  };
};

/** The name that was asked for is what certificates are verified against: DNS itself proves nothing of its targets. */
const endpointAt = (
  address: string,
  { port, weight }: { readonly port: number; readonly weight: number },
  { scheme, name, records }: DnsConfig,
): EndpointConfig => {
  const hostname = (records === 'SRV' ? name.replace(/^(_[^.]+\.)+/, '') : name).replace(/\.$/, '');
  return { scheme, host: address, port, weight, hostname };
};

/** A weight of 0 means "little", not "never" (RFC 2782). Larger ones keep their proportion. */
const scaled = (weight: number, group: readonly SrvRecord[]): number => {
  const largest = Math.max(...group.map((record) => record.weight));
  const share = largest > MAX_WEIGHT ? (weight * MAX_WEIGHT) / largest : weight;
  return Math.max(1, Math.round(share));
};

/** Servers rotate their answers: sorted, the same addresses are the same list. Each address once. */
const tidy = (endpoints: readonly EndpointConfig[]): readonly EndpointConfig[] => {
  const byAddress = new Map(endpoints.map((endpoint) => [`${endpoint.host} ${endpoint.port}`, endpoint]));
  const keys = [...byAddress.keys()].sort();
  return keys.slice(0, MAX_ENDPOINTS).flatMap((key) => byAddress.get(key) ?? []);
};

const ttlOf = (found: readonly RecordWithTtl[]): number => Math.min(...found.map(({ ttl }) => ttl)) * 1000;

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'error';
