/** Owns the grammar of a whole configuration: every key, its default beside it, and the text that documents it. */
import * as z from 'zod';
import { parseWritableFieldName } from '../parse/field.js';
import { cidr, countOrAuto, duration, flag, isName, NAME_RULE, positiveDuration, text } from './scalars.js';
import { adminSchema } from './admin-schema.js';
import { supervisorSchema } from './process/supervisor-schema.js';
import { workersSchema } from './process/workers-schema.js';
import { listenerSchema } from './listener/listener-schema.js';
import { logSchema } from './log-schema.js';
import { overloadSchema } from './overload-schema.js';
import { metricsSchema, tracingSwitchSchema } from './tracing-schema.js';
import { routeSchema } from './route/route-schema.js';
import { traceHeaderSchema } from './trace-header-schema.js';
import { upstreamSchema } from './upstream/upstream-schema.js';

const tlsSchema = z.strictObject({
  ticketKeyRotation: positiveDuration()
    .prefault('12h')
    .describe(
      'The keys of session tickets are replaced this often. A ticket of a former key costs a full handshake, no error.',
    ),
});

const shutdownSchema = z.strictObject({
  delay: duration()
    .prefault('0s')
    .describe('Readiness fails, but connections are still taken, for this long.'),
  timeout: duration()
    .prefault('10s')
    .describe('Running exchanges may take this long to end before they are cut.'),
});

const forwardedSchema = z.strictObject({
  style: z
    .enum(['x-forwarded', 'forwarded', 'both', 'none'])
    .prefault('x-forwarded')
    .describe(
      'Fields that tell the upstream about the client: X-Forwarded-*, Forwarded (RFC 7239), both or none.',
    ),
  via: z
    .string()
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z:-]*$/, { error: 'must be a name without spaces, or empty' })
    .prefault('torus')
    .describe(
      'Name of this gateway in Via (RFC 9110 section 7.6.3) and in Proxy-Status of its own answers (RFC 9209); empty for no Via, and no end of endless loops.',
    ),
  requestId: text('header name', parseWritableFieldName)
    .prefault('x-request-id')
    .describe('Field that carries the request id.'),
});

const limitsSchema = z.strictObject({
  maxConnections: countOrAuto(1)
    .prefault('auto')
    .describe(
      'Client connections a worker holds at once, never more than half its file descriptors; `auto` is that half.',
    ),
});

export const configSchema = z
  .strictObject({
    workers: workersSchema
      .prefault('auto')
      .describe(
        'Worker processes; `auto` is one for each processor, within the CPU quota of the container. With `min` and `max` their number follows the load.',
      ),
    accept: z
      .enum(['shared', 'round-robin', 'reuse-port'])
      .prefault('shared')
      .describe(
        'How new connections reach the workers: from one shared socket, dealt out by the primary, or by a socket for each worker (SO_REUSEPORT). The last two need Node 22.12.',
      ),
    listeners: z
      .array(listenerSchema)
      .min(1)
      .optional()
      .describe(
        'Where clients connect. Default: one HTTPS listener, made from HOST, PORT, CERT_FILE and KEY_FILE.',
      ),
    tls: tlsSchema.prefault({}).describe('What all TLS listeners have in common.'),
    admin: z
      .union([adminSchema, z.literal(false)], {
        error: 'must be an object with `address`, `token` and `tls`, or false',
      })
      .prefault({})
      .describe('The admin API: health, metrics, live view and operation. `false` turns it off.'),
    shutdown: shutdownSchema.prefault({}).describe('How an instance stops.'),
    watch: flag()
      .prefault(true)
      .describe(
        'Reload, as SIGHUP does, when this file or a certificate, key or key set that it names has changed and stays so for a second.',
      ),
    supervisor: supervisorSchema.prefault({}).describe('How the primary watches its workers.'),
    log: logSchema.prefault({}).describe('What is logged, how and where.'),
    metrics: metricsSchema.prefault({}).describe('What the metrics tell beyond counts.'),
    tracing: tracingSwitchSchema,
    trustedProxies: z
      .array(cidr())
      .prefault([])
      .describe(
        'Peers whose X-Forwarded-*, Forwarded and X-Request-Id are believed. Everyone else has them replaced.',
      )
      .meta({ 'x-examples': [['10.0.0.0/8', 'fd00::/8']] }),
    forwarded: forwardedSchema.prefault({}).describe('What the upstream is told about the client.'),
    traceHeader: traceHeaderSchema,
    limits: limitsSchema.prefault({}).describe('Limits of the whole worker.'),
    overload: overloadSchema
      .prefault({})
      .describe('What a worker does, step by step, when it runs out of something; `false` for nothing.'),
    upstreams: z
      .record(z.string(), upstreamSchema)
      .superRefine((upstreams, context) => {
        for (const key of Object.keys(upstreams)) {
          if (!isName(key)) context.addIssue({ code: 'custom', path: [key], message: NAME_RULE });
        }
      })
      .prefault({})
      .describe('Named groups of endpoints.'),
    routes: z.array(routeSchema).min(1).describe('Which request goes where. At least one.'),
  })
  .meta({ title: 'Torus configuration' });

/** A configuration after its grammar was checked and its scalars read; files are not read yet. */
export type ConfigDocument = z.output<typeof configSchema>;

/** A configuration as people write it. */
export type TorusConfig = z.input<typeof configSchema>;
