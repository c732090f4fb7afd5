/** Owns the grammar and defaults of `upstreams`. */
import * as z from 'zod';
import { parseEndpointUrl } from '../../parse/endpoint-url.js';
import { adaptiveConcurrencySchema, limitsSchema } from './limits-schema.js';
import { balancerSchema } from './balancer-schema.js';
import { slowStartSchema } from './slow-start-schema.js';
import { stickySchema } from './sticky-schema.js';
import { retryBudgetSchema } from '../route/retry-schema.js';
import { filePath, flag, integer, positiveDuration, text } from '../scalars.js';
import { discoverySchema } from './discovery-schema.js';
import { healthCheckSchema, outlierEjectionSchema, panicThresholdSchema } from './health-schema.js';
import { protocolSchema, upstreamHttp2Schema } from './protocol-schema.js';
import { upstreamProxyProtocolSchema } from './proxy-protocol-schema.js';

const endpointUrl = () => text('URL', parseEndpointUrl);

export const endpointSchema = z
  .union(
    [
      endpointUrl(),
      z.strictObject({
        url: endpointUrl()
          .describe('`http://host:port` or `https://host:port`, without a path.')
          .meta({ 'x-examples': ['http://127.0.0.1:9000'] }),
        weight: integer(1, 1000)
          .prefault(1)
          .describe('Share of the traffic, relative to the other endpoints.'),
      }),
    ],
    { error: 'must be a URL or an object with `url` and `weight`' },
  )
  .transform((value) => ('url' in value ? { ...value.url, weight: value.weight } : { ...value, weight: 1 }));

const poolSchema = z.strictObject({
  maxConnections: integer(1).prefault(1024).describe('Most connections to one endpoint from one worker.'),
  maxIdle: integer(0).prefault(256).describe('Most idle connections kept to one endpoint by one worker.'),
  idleTimeout: positiveDuration().prefault('60s').describe('How long an idle connection is kept.'),
  maxPending: integer(0)
    .prefault(1024)
    .describe('Most exchanges that wait for a connection when all are in use; the next is answered 503.'),
  maxRequests: integer(1)
    .optional()
    .describe(
      'Most requests that run at once on one endpoint from one worker. Over HTTP/1.1 never more than its connections.',
    )
    .meta({ 'x-examples': [100] }),
  pendingTimeout: positiveDuration()
    .prefault('3s')
    .describe('How long an exchange waits for a connection before it is answered 503.'),
});

const upstreamTlsSchema = z.strictObject({
  verify: flag()
    .prefault(true)
    .describe('Verify the certificate of https endpoints. Turn it off for tests only.'),
  ca: filePath()
    .optional()
    .describe(
      "PEM file with the certificate authorities to trust for this upstream, in place of the system's.",
    ),
  serverName: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .describe('Name sent in SNI and verified, where it is not the host of the endpoint.'),
});

export const upstreamSchema = z.strictObject({
  endpoints: z
    .array(endpointSchema)
    .min(1)
    .optional()
    .describe('The addresses of this upstream: URLs, or objects with `url` and `weight`.')
    .meta({ 'x-examples': [['http://127.0.0.1:9000', { url: 'http://127.0.0.1:9001', weight: 2 }]] }),
  discovery: discoverySchema.optional().describe('Where the endpoints are found, in place of `endpoints`.'),
  healthCheck: healthCheckSchema
    .optional()
    .describe('Checks of every endpoint, made once for the instance. Default: none.'),
  outlierEjection: outlierEjectionSchema.describe(
    'Endpoints that fail requests again and again are not used for a while. `false` turns it off.',
  ),
  panicThreshold: panicThresholdSchema.describe(
    'When fewer endpoints than this are available, all are used, whatever their state; `0%` turns it off.',
  ),
  balancer: balancerSchema
    .prefault('least-request')
    .describe(
      'Who gets the next request: `least-request` (the less busy of two taken at random), `round-robin`, `random`, `peak-ewma` (the quicker of two), `consistent-hash` (with options). See load-balancing.md.',
    )
    .meta({ 'x-examples': ['round-robin', { 'consistent-hash': { on: { header: 'x-user' } } }] }),
  sticky: stickySchema
    .optional()
    .describe('Clients come back to the endpoint they had, for as long as it may be used.'),
  slowStart: slowStartSchema
    .optional()
    .describe('Endpoints that are new or have recovered are given their weight little by little.'),
  protocol: protocolSchema,
  http2: upstreamHttp2Schema.prefault({}).describe('HTTP/2 connections, for each endpoint in each worker.'),
  timeouts: z
    .strictObject({
      connect: positiveDuration()
        .prefault('3s')
        .describe('Deadline for a new connection, TCP and TLS together.'),
    })
    .prefault({})
    .describe('How long an endpoint may take. Response timeouts belong to routes.'),
  tls: upstreamTlsSchema.prefault({}).describe('TLS towards https endpoints.'),
  proxyProtocol: upstreamProxyProtocolSchema
    .optional()
    .describe(
      'Every connection begins with a PROXY header that names the client; it is then used for this client alone.',
    ),
  pool: poolSchema.prefault({}).describe('Kept-alive connections, for each endpoint in each worker.'),
  limits: limitsSchema
    .prefault({})
    .describe('What bounds all endpoints of this upstream together, in each worker.'),
  adaptiveConcurrency: adaptiveConcurrencySchema
    .prefault(false)
    .describe(
      'Finds out how many requests this upstream takes at once without getting slower, in each worker; more are answered 503 at once. `true` for the defaults.',
    ),
  retryBudget: retryBudgetSchema
    .prefault({})
    .describe('How much of the traffic to this upstream retries may be, whatever the routes allow.'),
});

export type UpstreamDocument = z.output<typeof upstreamSchema>;
