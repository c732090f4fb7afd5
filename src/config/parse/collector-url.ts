/** Owns the reading of the URL that spans are posted to. */
import { parsed, type Parsed } from './parsed.js';
import { parseDocumentUrl } from './endpoint-url.js';

/** The path of traces in OTLP over HTTP. */
export const TRACES_PATH = '/v1/traces';

/** Http or https, without a password; without a path it is the collector's base, as in `http://collector:4318`. */
export function parseCollectorUrl(text: string): Parsed<string> {
  const result = parseDocumentUrl(text);
  if (!result.ok)
    return {
      ok: false,
      message: 'must be a URL such as http://127.0.0.1:4318/v1/traces, without a password',
    };
  const url = new URL(result.value);
  if (url.pathname === '/') url.pathname = TRACES_PATH;
  url.hash = '';
  return parsed(url.href);
}
