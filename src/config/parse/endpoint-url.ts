/** Owns the reading of URLs: upstream endpoints, and places that documents are fetched from. */
import { parsed, refused, type Parsed } from './parsed.js';

export interface EndpointUrl {
  readonly scheme: 'http' | 'https';
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT = { http: 80, https: 443 } as const;

function urlOf(text: string): URL | undefined {
  return /^https?:\/\/[^/?#\\\s]/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}

/** `http://host:port` or `https://host:port`; a path, query, fragment or password is refused. */
export function parseEndpointUrl(text: string): Parsed<EndpointUrl> {
  const url = urlOf(text);
  if (url === undefined)
    return refused('must be a URL such as http://127.0.0.1:9000 or https://users.internal');
  if (url.username !== '' || url.password !== '') return refused('must not hold a user name or password');
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || /[?#]$/.test(text)) {
    return refused('must end after the port: use `rewrite` on the route to change paths');
  }
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const port = url.port === '' ? DEFAULT_PORT[scheme] : Number(url.port);
  if (port === 0) return refused('must name a port from 1 to 65535');
  return parsed({ scheme, host: url.hostname.replace(/^\[|\]$/g, ''), port });
}

/** Where a document is fetched from: http or https, without a password. */
export function parseDocumentUrl(text: string): Parsed<string> {
  const url = urlOf(text);
  if (url === undefined) return refused('must be a URL such as https://issuer.example/.well-known/jwks.json');
  if (url.username !== '' || url.password !== '') return refused('must not hold a user name or password');
  return parsed(url.href);
}
