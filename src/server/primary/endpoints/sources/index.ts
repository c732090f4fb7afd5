/** Owns the choice of the source of an upstream's endpoints. */
import { Resolver } from 'node:dns/promises';
import type { UpstreamConfig } from '../../../../contracts/upstream-config.js';
import type { UpstreamStateServices } from '../upstream-state.js';
import type { DnsConfig } from './dns-answer.js';
import { DnsSource } from './dns-source.js';
import { FileSource } from './file-source.js';
import { staticSource } from './source.js';
import type { EndpointSource } from './source.js';

const TRIES = 2;

export const sourceFor =
  (services: UpstreamStateServices) =>
  ({ name: upstream, endpoints, discovery }: UpstreamConfig): EndpointSource => {
    const { scheduler, log, counts } = services;
    switch (discovery?.kind) {
      case undefined:
        return staticSource(endpoints);
      case 'file':
        return new FileSource({
          ...discovery,
          upstream,
          log,
          onRead: (result) => counts.fileReads.add(upstream, result, 1),
        });
      case 'dns':
        return new DnsSource({
          upstream,
          config: discovery,
          resolver: resolverFor(discovery),
          scheduler,
          log,
          random: () => services.random(),
          onResolved: (result) => counts.resolutions.add(upstream, RESULTS[result], 1),
        });
    }
  };

const RESULTS = { endpoints: 'ok', empty: 'empty', failed: 'failed' } as const;

/** Asks DNS servers, and nobody else: /etc/hosts and search domains are for the names of machines. */
const resolverFor = ({ servers, timeoutMs }: DnsConfig): Resolver => {
  const resolver = new Resolver({ timeout: timeoutMs, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  return resolver;
};
