/** Owns the spellings of HTTP versions, and the grammar of `listeners[].protocols`. */
import * as z from 'zod';

/** As written, by ALPN or by the names of other gateways, and as meant. */
export const HTTP_PROTOCOLS = {
  http1: 'http1',
  'http/1.1': 'http1',
  h1: 'http1',
  http2: 'http2',
  'http/2': 'http2',
  h2: 'http2',
  h2c: 'http2',
} as const;

type Spelling = keyof typeof HTTP_PROTOCOLS;

const spelling = () =>
  z.enum(Object.keys(HTTP_PROTOCOLS) as [Spelling, ...Spelling[]], { error: 'must be http1 or http2' });

export const listenerProtocolsSchema = z
  .union([z.array(spelling()).min(1), spelling()], { error: 'must be http1 or http2, or a list of these' })
  .transform((written) => {
    const protocols = typeof written === 'string' ? [written] : written;
    return [...new Set(protocols.map((protocol) => HTTP_PROTOCOLS[protocol]))];
  })
  .meta({ 'x-type': 'list of `http1`, `http2`' });
