/** Owns the checks of what is believed and where things lead: trusted peers, unverified endpoints, keys in clear text, loops. */
import type {
  ConfigSnapshot,
  EndpointConfig,
  ListenerConfig,
  UpstreamConfig,
} from '../../contracts/config.js';
import { isLoopback } from '../../http/loopback.js';
import { warning } from './finding.js';
import type { Finding } from './finding.js';
import { keySetUrls } from './check-key-sets.js';

export const checkTrust = (snapshot: ConfigSnapshot): readonly Finding[] => [
  ...everybody(snapshot),
  ...snapshot.upstreams.filter(isUnverified).map(unverified),
  ...keySetUrls(snapshot).filter(isClearText).map(clearText),
  ...snapshot.upstreams.flatMap((upstream) => loops(upstream, snapshot.listeners)),
];

const everybody = ({ trustedProxies }: ConfigSnapshot): Finding[] => {
  const all = trustedProxies.filter((cidr) => cidr.endsWith('/0'));
  if (all.length === 0) return [];
  return [
    warning(
      'trustedProxies',
      `${all.join(' and ')} is everybody: any client may say which address it comes from`,
      'Name the load balancers in front, or nobody.',
    ),
  ];
};

const isUnverified = ({ tls, endpoints, discovery }: UpstreamConfig): boolean =>
  !tls.verify &&
  (endpoints.some(({ scheme }) => scheme === 'https') ||
    (discovery?.kind === 'dns' && discovery.scheme === 'https'));

const unverified = ({ name }: UpstreamConfig): Finding =>
  warning(
    `upstream ${name}`,
    'the certificates of its endpoints are not verified (tls.verify: false)',
    'Whoever is in between can read and change everything: set tls.ca to the authority that signed them.',
  );

const isClearText = (url: string): boolean => {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, ''));
};

const clearText = (url: string): Finding =>
  warning(
    `keys of ${new URL(url).host}`,
    'come over http: whoever is in between can make tokens that are believed',
    'Write https:// in jwksUrl.',
  );

/** Requests that come back until the loop is noticed (508). */
const loops = ({ name, endpoints }: UpstreamConfig, listeners: readonly ListenerConfig[]): Finding[] =>
  endpoints.flatMap((endpoint) =>
    listeners
      .filter((listener) => leadsTo(endpoint, listener))
      .map((listener) =>
        warning(
          `upstream ${name}`,
          `${endpoint.host}:${endpoint.port} is this gateway's own listener ${listener.name}`,
          'A route that leads there and back is a loop (508 downstream.route.loop). Name the service itself.',
        ),
      ),
  );

const leadsTo = ({ host, port }: EndpointConfig, listener: ListenerConfig): boolean => {
  if (port !== listener.port) return false;
  const isAnywhere = ['0.0.0.0', '::'].includes(listener.host);
  return host === listener.host || (isLoopback(host) && (isAnywhere || isLoopback(listener.host)));
};
