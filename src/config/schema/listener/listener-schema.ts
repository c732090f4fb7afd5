/** Owns the grammar and defaults of `listeners`. */
import * as z from 'zod';
import { listenerProtocolsSchema } from '../http-protocols.js';
import { listenerProxyProtocolSchema } from './proxy-protocol-schema.js';
import { address, filePath, flag, integer, name, positiveDuration, size } from '../scalars.js';

const certificateSchema = z.strictObject({
  cert: filePath()
    .describe('PEM file with the certificate, followed by its intermediates.')
    .meta({ 'x-examples': ['certs/cert.pem'] }),
  key: filePath()
    .describe('PEM file with the private key of the certificate.')
    .meta({ 'x-examples': ['certs/key.pem'] }),
});

const listenerTlsSchema = z.strictObject({
  certificates: z
    .array(certificateSchema)
    .min(1)
    .describe('The first is the default; the others are chosen by the name the client asks for (SNI).'),
  minVersion: z
    .enum(['TLSv1.2', 'TLSv1.3'])
    .prefault('TLSv1.2')
    .describe('Oldest TLS version a client may use.'),
  sessionTickets: flag()
    .prefault(true)
    .describe(
      'Let clients resume their session, on whichever worker; `false` makes every handshake a full one.',
    ),
});

const listenerLimitsSchema = z.strictObject({
  requestLine: size(16).prefault('8KiB').describe('Longest request line; longer ones are answered 414.'),
  head: size(64)
    .prefault('16KiB')
    .describe('Largest request head, all fields together; larger ones are answered 431.'),
  headerCount: integer(1, 10_000)
    .prefault(100)
    .describe('Most header fields in a request; more are answered 431.'),
  requestsPerConnection: integer(1)
    .prefault(1000)
    .describe('A connection is closed politely after about this many requests (with jitter).'),
  connectionAge: positiveDuration()
    .prefault('1h')
    .describe('A connection is closed politely at about this age (with jitter).'),
  bodyRate: size(0)
    .prefault('240B')
    .describe(
      'Slowest a request body may arrive, in bytes a second: slower ones are answered 408 once the delay adds up to `timeouts.bodyGap`. 0 for no limit, for clients whose bodies are live streams with long silences.',
    ),
  allowUnderscores: flag()
    .prefault(false)
    .describe('Keep header fields with an underscore in their name, which are dropped otherwise.'),
});

const listenerTimeoutsSchema = z.strictObject({
  requestHead: positiveDuration()
    .prefault('10s')
    .describe(
      'Deadline for a whole request head, counted from the connection or from the first byte of a later request.',
    ),
  bodyGap: positiveDuration()
    .prefault('60s')
    .describe('Longest gap between two reads of a request body; see also `limits.bodyRate`.'),
  writeGap: positiveDuration()
    .prefault('60s')
    .describe(
      'Longest time a piece of a response (at most 64 KiB) may wait for the client to take it. Told by the kernel when its send buffer has room again, so a few seconds are too short for clients that read slowly.',
    ),
  keepAlive: positiveDuration()
    .prefault('75s')
    .describe(
      'How long an idle connection is kept. Longer than the 60 s of common load balancers, so that they close first.',
    ),
  tlsHandshake: positiveDuration().prefault('10s').describe('Deadline for the TLS handshake.'),
});

/** RFC 9113 section 6.9.1. */
const MAX_WINDOW_BYTES = 2 ** 31 - 1;

const listenerHttp2Schema = z.strictObject(
  {
    maxConcurrentStreams: integer(1, 1000)
      .prefault(100)
      .describe('Most requests a connection may have open at once; more are refused (`REFUSED_STREAM`).'),
    streamWindow: size(1024, MAX_WINDOW_BYTES)
      .prefault('64KiB')
      .describe(
        'How much of one request body may come before Torus has passed it on. Larger is faster for uploads from afar, and takes as much memory for each stalled one.',
      ),
    connectionWindow: size(65_535, MAX_WINDOW_BYTES)
      .prefault('1MiB')
      .describe(
        'The same for all requests of a connection together, until Torus has read it from the socket.',
      ),
  },
  { error: 'must be an object of limits; `protocols` says what is spoken' },
);

export const listenerSchema = z.strictObject({
  name: name()
    .describe(
      'Name of the listener in logs and metrics. Unique, and not `admin`, which is that of the admin API.',
    )
    .meta({ 'x-examples': ['edge'] }),
  address: address()
    .describe(
      'Where to listen: `host:port`, `:port` (every IPv4 address) or `[::]:port`. Port 0 lets the system choose.',
    )
    .meta({ 'x-examples': ['0.0.0.0:8443'] }),
  tls: listenerTlsSchema.optional().describe('Speak TLS. Without it the listener speaks plain HTTP.'),
  protocols: listenerProtocolsSchema
    .optional()
    .describe(
      'What is spoken here. With TLS the client chooses by ALPN, and both are offered unless this says otherwise. Without TLS it is `[http1]` unless this says otherwise; with `http2` added, a client that begins with the HTTP/2 preface gets it (h2c by prior knowledge). `h2`, `h2c`, `http/2`, `h1` and `http/1.1` are read too.',
    )
    .meta({ 'x-examples': [['http1', 'http2']] }),
  limits: listenerLimitsSchema.prefault({}).describe('What a client may send at the most.'),
  http2: listenerHttp2Schema
    .prefault({})
    .describe('Limits of HTTP/2 connections; those of `limits` hold as well.'),
  timeouts: listenerTimeoutsSchema.prefault({}).describe('How long a client may take.'),
  proxyProtocol: listenerProxyProtocolSchema
    .optional()
    .describe(
      'Connections from a load balancer begin with a PROXY header (version 1 or 2) that names the client. `true`, or a list of CIDRs, is short for `from`.',
    ),
});

export type ListenerDocument = z.output<typeof listenerSchema>;
