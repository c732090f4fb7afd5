/** Owns what a request is recognised by when it shall come back to where others like it went. Pure. */
import type { AffinityKeyConfig } from '../contracts/config.js';
import type { Exchange } from '../contracts/exchange.js';
import { cookieValue } from './cookie.js';
import { queryValues } from './query-parameter.js';

/** The key of a request; undefined where it has none. An empty value is none. */
export type AffinityKey = (exchange: Exchange) => string | undefined;

/** Header fields, cookies and parameters are read as the client sent them, before any filter. */
export function affinityKeyFor(config: AffinityKeyConfig): AffinityKey {
  const read = readerFor(config);
  return (exchange) => {
    const key = read(exchange);
    return key === '' ? undefined : key;
  };
}

/** `header x-user`, `client-address`: what the key is, never its value. */
export const affinityWords = (config: AffinityKeyConfig): string =>
  'name' in config ? `${config.kind} ${config.name}` : config.kind;

function readerFor(config: AffinityKeyConfig): AffinityKey {
  switch (config.kind) {
    case 'header':
      return config.name === 'host'
        ? ({ request }) => request.host
        : ({ request }) => request.fields.get(config.name);
    case 'cookie':
      return ({ request }) => cookieValue(request.fields, config.name);
    case 'query':
      return ({ request }) => queryValues(request.query, config.name, 1)[0];
    case 'client-address':
      return ({ client }) => client.address;
    case 'path':
      return ({ request }) => request.path;
    case 'subject':
      return ({ identity }) => identity?.subject;
  }
}
