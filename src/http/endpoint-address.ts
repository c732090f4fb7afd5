/** Owns how an endpoint is written: as a key, as a URL, in logs and metrics, and in Host. */
import { isIP } from 'node:net';
import type { EndpointConfig } from '../contracts/upstream-config.js';

/** What tells endpoints apart: the same address under another name is spoken to in another way. */
export const endpointKey = (endpoint: EndpointConfig): string =>
  `${endpointUrl(endpoint)}${endpoint.hostname === undefined ? '' : ` (${endpoint.hostname})`}`;

export const endpointUrl = ({ scheme, host, port }: EndpointConfig): string =>
  `${scheme}://${bracketed(host)}:${String(port)}`;

/** As in logs and metrics. */
export const endpointLabel = ({ host, port }: EndpointConfig): string => `${host}:${String(port)}`;

/** The name it goes by, as it stands in a URL. */
export const endpointName = ({ hostname, host }: EndpointConfig): string => hostname ?? bracketed(host);

/** What Host says of it: no port where it is the scheme's. */
export const endpointAuthority = (endpoint: EndpointConfig, port = endpoint.port): string => {
  const isDefault = port === (endpoint.scheme === 'https' ? 443 : 80);
  return isDefault ? endpointName(endpoint) : `${endpointName(endpoint)}:${String(port)}`;
};

const bracketed = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);
