import type { Cause } from '../contracts/cause.js';
import type { Fields } from '../contracts/fields.js';
import type { ResponseHead } from '../contracts/message.js';
import { CAUSES } from '../errors/causes.js';
import { fieldsOf } from './field-block.js';
import { proxyStatusOf } from './proxy-status.js';
import { reasonOf } from './reason.js';

/** Owns the answers Torus makes itself: problem documents (RFC 9457) with the request id and the cause, and nothing secret. */

export interface ProblemOptions {
  readonly status: number;
  readonly cause: Cause;
  readonly requestId: string;
  /** Of a trace that is recorded. */
  readonly traceId?: string | undefined;
  readonly detail: string | undefined;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The name of this gateway in Via. */
  readonly proxy?: string | undefined;
}

export interface Problem {
  readonly head: ResponseHead;
  readonly body: Buffer | undefined;
}

/** Statuses that must not or need not carry a document. */
const hasDocument = (status: number): boolean => status >= 400;

export function problemOf(options: ProblemOptions): Problem {
  const { status } = options;
  const pairs = [...options.fields];
  if (options.requestId !== '') pairs.push(['x-request-id', options.requestId]);
  if (!hasDocument(status)) return { head: headOf(status, fieldsOf(pairs), 0), body: undefined };
  const body = Buffer.from(documentOf(options), 'utf8');
  pairs.push(
    ['content-type', 'application/problem+json'],
    ['cache-control', 'no-store'],
    ['proxy-status', proxyStatusOf(options.cause, options.proxy ?? '')],
  );
  return { head: headOf(status, fieldsOf(pairs), body.length), body };
}

function documentOf(options: ProblemOptions): string {
  const document = {
    type: 'about:blank',
    title: CAUSES[options.cause].title,
    status: options.status,
    ...(options.detail === undefined ? {} : { detail: options.detail }),
    cause: options.cause,
    requestId: options.requestId,
    ...(options.traceId === undefined ? {} : { traceId: options.traceId }),
  };
  return `${JSON.stringify(document)}\n`;
}

function headOf(status: number, fields: Fields, contentLength: number): ResponseHead {
  return { status, reason: reasonOf(status), fields, framing: 'length', contentLength };
}
