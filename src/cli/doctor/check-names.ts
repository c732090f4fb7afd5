/** Owns the checks of names: every host of an upstream, asked the way Torus asks, and how long the answer takes. */
import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { UpstreamConfig } from '../../contracts/config.js';
import { askDns } from '../../server/primary/endpoints/sources/dns-answer.js';
import type { DnsConfig } from '../../server/primary/endpoints/sources/dns-answer.js';
import { errorCode } from '../../server/bind-problem.js';
import { ok, problem, warning } from './finding.js';
import type { Finding } from './finding.js';
import type { Task } from './task.js';

/** Each new connection to an endpoint waits for this. */
const SLOW_MS = 200;
const CODES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such name',
  ENODATA: 'the name has no addresses',
  EAI_AGAIN: 'the name server does not answer',
  ETIMEOUT: 'the name server does not answer',
  ECONNREFUSED: 'the name server refuses the question',
};

export const nameTasks = (upstreams: readonly UpstreamConfig[]): Task[] => {
  const hosts = new Set(upstreams.flatMap(({ endpoints }) => endpoints.map(({ host }) => host)));
  return [
    ...[...hosts].filter((host) => isIP(host) === 0).map(hostTask),
    ...upstreams.flatMap(({ name, discovery }) =>
      discovery?.kind === 'dns' ? [discoveryTask(name, discovery)] : [],
    ),
  ];
};

/** By the resolver of the system, as a connection does: /etc/hosts counts. */
const hostTask = (host: string): Task => ({
  subject: `name ${host}`,
  run: async () => {
    const startedAt = performance.now();
    try {
      const addresses = await lookup(host, { all: true });
      return [
        found(
          `name ${host}`,
          addresses.map(({ address }) => address),
          performance.now() - startedAt,
        ),
      ];
    } catch (error) {
      return [
        lost(
          `name ${host}`,
          errorCode(error),
          'Correct the host in endpoints, or the resolver in /etc/resolv.conf.',
        ),
      ];
    }
  },
});

/** By the name servers that `discovery` names. */
const discoveryTask = (upstream: string, config: DnsConfig): Task => ({
  subject: `upstream ${upstream}`,
  run: async (signal) => {
    const resolver = new Resolver({ timeout: config.timeoutMs, tries: 1 });
    if (config.servers.length > 0) resolver.setServers([...config.servers]);
    signal.addEventListener('abort', () => resolver.cancel());
    const startedAt = performance.now();
    const answer = await askDns(resolver, config);
    const what = `${config.records} records of ${config.name}`;
    if (answer.kind === 'endpoints')
      return [
        found(
          `upstream ${upstream}`,
          answer.endpoints.map(({ host, port }) => `${host}:${port}`),
          performance.now() - startedAt,
        ),
      ];
    return [
      lost(
        `upstream ${upstream}`,
        answer.code,
        `Asked for ${what}: correct discovery.dns, or look at the name server.`,
      ),
    ];
  },
});

const SHOWN = 4;

const found = (subject: string, addresses: readonly string[], tookMs: number): Finding => {
  const more = addresses.length > SHOWN ? `, and ${addresses.length - SHOWN} more` : '';
  const text = `resolves to ${addresses.slice(0, SHOWN).join(', ')}${more} (${Math.round(tookMs)} ms)`;
  if (tookMs < SLOW_MS) return ok(subject, text);
  return warning(
    subject,
    text,
    'Every new connection waits for that: use a name server nearby, or one that caches.',
  );
};

const lost = (subject: string, code = 'unknown', advice: string): Finding =>
  problem(subject, `does not resolve: ${CODES[code] ?? code}`, advice);
