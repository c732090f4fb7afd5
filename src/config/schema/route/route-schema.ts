/** Owns the grammar and defaults of `routes`. */
import * as z from 'zod';
import { parseFieldName, parseMethod, parseWritableFieldName } from '../../parse/field.js';
import { parseHostPattern } from '../../parse/host-pattern.js';
import { parsePathPattern, parsePathPrefix } from '../../parse/path-pattern.js';
import { duration, name, oneOrMore, text } from '../scalars.js';
import { mirrorSchema } from './mirror-schema.js';
import { routeUpstreamSchema } from './split-schema.js';
import { filterSchema } from '../filter-schema.js';
import { retrySchema } from './retry-schema.js';
import { routeOverloadSchema } from '../overload-schema.js';
import { connectSchema, upgradesSchema, websocketSchema } from './tunnel-schema.js';

const predicateValue = () =>
  z
    .union([z.string(), z.number(), z.literal(true)], { error: 'must be a string, or true for any value' })
    .transform((value) => (value === true ? undefined : String(value)))
    .meta({ 'x-type': 'string or true' });

const prefix = () => text('path', parsePathPrefix);

const matchSchema = z.strictObject({
  host: oneOrMore(text('host', parseHostPattern))
    .optional()
    .describe('Hosts, exact or `*.example.com` (any depth below). Left out: every host.')
    .meta({
      'x-examples': ['api.example.com', ['example.com', '*.example.com']],
      'x-type': 'host or list of hosts',
    }),
  path: text('path pattern', parsePathPattern)
    .describe(
      '`/users` is exact; `/users/*` is everything at and below `/users`; `/users/:id` binds one segment; `/*` is everything.',
    )
    .meta({ 'x-examples': ['/users/*'] }),
  methods: z
    .array(text('method', parseMethod))
    .min(1)
    .optional()
    .describe('Methods. Left out: every method.')
    .meta({ 'x-examples': [['GET', 'POST']] }),
  headers: z
    .record(z.string(), predicateValue())
    .prefault({})
    .describe('Header fields that must be there, each with exactly this value, or `true` for any value.')
    .meta({ 'x-examples': [{ 'x-beta': true }] })
    .superRefine((headers, context) => {
      for (const key of Object.keys(headers)) {
        const result = parseFieldName(key);
        if (!result.ok) context.addIssue({ code: 'custom', path: [key], message: `name ${result.message}` });
      }
    }),
  query: z
    .record(z.string(), predicateValue())
    .prefault({})
    .describe('Query parameters that must be there, each with exactly this value, or `true` for any value.')
    .meta({ 'x-examples': [{ version: '2' }] }),
});

const rewriteSchema = z
  .strictObject({
    stripPrefix: prefix()
      .optional()
      .describe('Removed from the beginning of the path.')
      .meta({ 'x-examples': ['/api'] }),
    replacePrefix: z
      .strictObject({
        from: prefix()
          .describe('The beginning of the path to replace.')
          .meta({ 'x-examples': ['/old'] }),
        to: prefix()
          .describe('What stands there instead.')
          .meta({ 'x-examples': ['/new'] }),
      })
      .optional()
      .describe('Replaces the beginning of the path.'),
  })
  .refine((rewrite) => (rewrite.stripPrefix === undefined) !== (rewrite.replacePrefix === undefined), {
    error: 'must hold either stripPrefix or replacePrefix',
  });

const routeTimeoutsSchema = z.strictObject({
  request: duration()
    .prefault('0s')
    .describe(
      'The whole exchange; 0 for no limit. Never applies to tunnels. For gRPC calls the shorter of this and `grpc-timeout` holds.',
    ),
  // Without a default, so that what was left out can be told from what was written: gRPC calls are treated differently.
  responseHead: duration()
    .optional()
    .describe(
      'From the end of the request to the response head; 0 for no limit. For gRPC calls it is as long as `idle` unless it is set: their head may come with the first message of a stream only.',
    )
    .meta({ 'x-default': '15s' }),
  idle: duration()
    .prefault('300s')
    .describe(
      'Longest silence of a streaming response, a gRPC call (both ways together) or a tunnel, and longest time in which the upstream takes nothing of a request body that waits for it; 0 for no limit.',
    ),
  deadlineHeader: text('header name', parseWritableFieldName)
    .optional()
    .describe(
      'Field that tells the upstream how many milliseconds it has left: of `request`, or of `retry.perTryTimeout` where that is less. What clients send in it is dropped, unless they are in `trustedProxies`: then it is a limit as well.',
    )
    .meta({ 'x-examples': ['x-request-timeout-ms'] }),
});

export const routeSchema = z.strictObject({
  name: name()
    .describe('Name of the route in logs and metrics. Unique.')
    .meta({ 'x-examples': ['users'] }),
  match: matchSchema.describe(
    'Which requests this route is for. The most specific route wins, whatever the order.',
  ),
  filters: z
    .array(filterSchema)
    .prefault([])
    .describe('Policies, run in this order on requests and backwards on responses.')
    .meta({
      'x-examples': [[{ 'jwt-auth': { secret: '${JWT_SECRET}' } }, { 'body-limit': { max: '10MiB' } }]],
    }),
  upstream: routeUpstreamSchema
    .optional()
    .describe(
      'Name of the upstream, or a `split` between several. Only routes with a `redirect` filter can do without.',
    )
    .meta({ 'x-examples': ['users', { split: { stable: 95, canary: 5 } }] }),
  mirror: mirrorSchema
    .optional()
    .describe('Sends copies of the requests to another upstream and throws its answers away.'),
  rewrite: rewriteSchema
    .optional()
    .describe('Changes the path that the upstream sees. Only where the prefix ends at a segment boundary.'),
  timeouts: routeTimeoutsSchema.prefault({}).describe('How long the upstream may take.'),
  retry: retrySchema
    .prefault({})
    .describe('What is tried again when an attempt fails; `false` sends every request at most once.'),
  overload: routeOverloadSchema.prefault({}).describe('What an overloaded worker does with this route.'),
  upgrades: upgradesSchema,
  websocket: websocketSchema,
  connect: connectSchema,
  hostHeader: z
    .enum(['preserve', 'endpoint'])
    .prefault('preserve')
    .describe('Host sent upstream: the one of the client (`preserve`), or the one of the endpoint.'),
});

export type RouteDocument = z.output<typeof routeSchema>;
