/** Owns the grammar and defaults of what is spoken with an upstream: the protocol, and the limits of its HTTP/2 connections. */
import * as z from 'zod';
import { HTTP_PROTOCOLS } from '../http-protocols.js';
import { duration, integer, positiveDuration, size } from '../scalars.js';

const PROTOCOLS = { ...HTTP_PROTOCOLS, auto: 'auto' } as const;

type Spelling = keyof typeof PROTOCOLS;

export const protocolSchema = z
  .enum(Object.keys(PROTOCOLS) as [Spelling, ...Spelling[]], { error: 'must be http1, http2 or auto' })
  .prefault('http1')
  .transform((spelling) => PROTOCOLS[spelling])
  .describe(
    '`http1`; `http2`, by ALPN over https and by prior knowledge (h2c) over http; `auto`, what an https endpoint chooses by ALPN, and `http1` over http. gRPC needs `http2` or `auto`. `h2`, `h2c`, `http/2`, `h1` and `http/1.1` are read too.',
  )
  .meta({ 'x-type': '`http1`, `http2`, `auto`' });

/** RFC 9113 section 6.9.1. */
const MAX_WINDOW_BYTES = 2 ** 31 - 1;

export const upstreamHttp2Schema = z.strictObject(
  {
    maxConcurrentStreams: integer(1, 10_000)
      .prefault(100)
      .describe(
        'Most exchanges on one connection, where the endpoint does not allow fewer. Beyond them further connections are opened, up to `pool.maxConnections`.',
      ),
    streamWindow: size(1024, MAX_WINDOW_BYTES)
      .prefault('64KiB')
      .describe(
        'How much of one response may come before the client has taken it. Larger is faster from afar, and takes as much memory for each client that reads slowly.',
      ),
    connectionWindow: size(65_535, MAX_WINDOW_BYTES)
      .prefault('1MiB')
      .describe(
        'The same for all responses of a connection together, until Torus has read it from the socket.',
      ),
    pingInterval: duration()
      .prefault('10s')
      .describe(
        'Silence of a connection with running exchanges after which a PING asks whether it is alive; in the same silence it is asked again every 5 minutes at the most. 0 for never.',
      ),
    pingTimeout: positiveDuration()
      .prefault('5s')
      .describe(
        'How long the answer to a PING may take: then the connection is given up, with all that runs on it.',
      ),
  },
  { error: 'must be an object of limits; `protocol` says what is spoken' },
);
