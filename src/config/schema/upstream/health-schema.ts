/** Owns the grammar and defaults of what is done about endpoints that fail: checks, ejection, panic. */
import * as z from 'zod';
import { FAILURES_IN_A_ROW } from '../../../http/failing-endpoint.js';
import { parseStatusRange } from '../../parse/status-range.js';
import { flag, integer, numeric, oneOrMore, positiveDuration, share } from '../scalars.js';

const PATH_MESSAGE = 'must begin with / and hold no space or control character';

const checkPath = () =>
  z
    .string()
    .regex(/^\/[\x21-\x7e]*$/, { error: PATH_MESSAGE })
    .max(2048);

const httpCheckSchema = z.strictObject({
  path: checkPath().prefault('/').describe('Path and query that are asked for.'),
  method: z.enum(['GET', 'HEAD', 'OPTIONS', 'POST']).prefault('GET').describe('Method of the request.'),
  host: z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, { error: 'must be a host, with or without a port' })
    .optional()
    .describe("Host of the request, where it is not the endpoint's own."),
  expect: oneOrMore(numeric('status or range', parseStatusRange))
    .prefault(['200-299'])
    .describe('Statuses that count as healthy: `200`, `200-299`, `2xx`, or a list of these.'),
});

const grpcCheckSchema = z.strictObject({
  service: z.string().max(255).prefault('').describe('Service asked about; empty for the server as a whole.'),
});

export const healthCheckSchema = z
  .strictObject({
    path: checkPath().optional().describe('Short for `http: { path }`.'),
    http: z
      .union([httpCheckSchema, checkPath().transform((path) => httpCheckSchema.parse({ path }))], {
        error: 'must be an object, or a path such as /healthz',
      })
      .optional()
      .describe(
        'Healthy is who answers a request with an expected status; over HTTP/2 if `protocol` is http2.',
      ),
    tcp: z
      .union([z.strictObject({}), z.literal(true).transform(() => ({}))], { error: 'must be {} or true' })
      .optional()
      .describe('Healthy is who accepts a connection.'),
    grpc: z
      .union([grpcCheckSchema, z.literal(true).transform(() => grpcCheckSchema.parse({}))], {
        error: 'must be an object with `service`, or true',
      })
      .optional()
      .describe('Healthy is who answers SERVING to `grpc.health.v1.Health/Check`, over HTTP/2.'),
    interval: positiveDuration().prefault('10s').describe('From the start of a check to the next.'),
    timeout: positiveDuration()
      .optional()
      .describe(
        'A check without an answer for this long failed. Default: 2s, or the interval if that is shorter.',
      ),
    jitter: share()
      .prefault('10%')
      .describe('Share of the interval by which it varies, so that instances do not check in step.'),
    healthyThreshold: integer(1, 1000)
      .prefault(2)
      .describe('Passed checks in a row that make an unhealthy endpoint healthy.'),
    unhealthyThreshold: integer(1, 1000)
      .prefault(3)
      .describe(
        'Failed checks in a row that make a healthy endpoint unhealthy. The first check of all counts alone.',
      ),
    port: integer(1, 65535).optional().describe("Port that is checked, where it is not the endpoint's own."),
  })
  .superRefine((check, context) => {
    const kinds = [check.path, check.http, check.tcp, check.grpc].filter((kind) => kind !== undefined).length;
    if (kinds !== 1)
      context.addIssue({ code: 'custom', message: 'must have one of `http` (or `path`), `tcp` and `grpc`' });
    if (check.timeout !== undefined && check.timeout > check.interval)
      context.addIssue({ code: 'custom', path: ['timeout'], message: 'must not be longer than interval' });
  })
  .transform(({ path, ...check }) => ({
    ...check,
    http: path === undefined ? check.http : httpCheckSchema.parse({ path }),
  }));

const ejectionSchema = z
  .strictObject({
    consecutive5xx: integer(1, 10_000)
      .prefault(FAILURES_IN_A_ROW)
      .describe(
        'Failures in a row, in all workers together, that eject an endpoint: 5xx responses and broken connections.',
      ),
    baseTime: positiveDuration()
      .prefault('30s')
      .describe('How long the first ejection lasts; the n-th lasts n times as long.'),
    maxTime: positiveDuration().prefault('300s').describe('The longest ejection.'),
    maxEjected: share()
      .prefault('10%')
      .describe('Most endpoints that may be ejected at once; one always may, the last available one never.'),
  })
  .superRefine((ejection, context) => {
    if (ejection.maxTime < ejection.baseTime)
      context.addIssue({ code: 'custom', path: ['maxTime'], message: 'must not be shorter than baseTime' });
  });

export const outlierEjectionSchema = z
  .union([ejectionSchema, flag().transform((on) => (on ? ejectionSchema.parse({}) : undefined))], {
    error: 'must be an object, or false',
  })
  .prefault({});

export const panicThresholdSchema = share().prefault('50%');

export type HealthCheckDocument = z.output<typeof healthCheckSchema>;
export type OutlierEjectionDocument = z.output<typeof ejectionSchema>;
