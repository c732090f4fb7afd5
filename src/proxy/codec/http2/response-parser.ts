import type { BodyFraming, ResponseHead } from '../../../contracts/message.js';
import type { FieldBlock } from '../../../http/field-block.js';
import { parseContentLength } from '../../../http/framing.js';
import { standardReasonOf } from '../../../http/reason.js';
import type { HeadFault } from '../http1/head-fault.js';
import { responseFault } from '../http1/head-fault.js';
import { RESPONSE_HEAD_BYTES } from '../http1/response-head.js';
import type { FieldSection, FieldSectionLimits } from './field-section.js';
import { readFieldSection } from './field-section.js';

/** Owns the strict reading of one HTTP/2 response head (RFC 9113 section 8.3.2), by the limits that hold for HTTP/1.1 too. */

export const RESPONSE_SECTION_LIMITS: FieldSectionLimits = {
  headBytes: RESPONSE_HEAD_BYTES,
  headerCount: 256,
  allowUnderscores: true,
};

/** A response head as an HTTP/2 upstream sent it. */
export class Http2ResponseHead implements ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly fields: FieldBlock;
  framing: BodyFraming = 'none';
  /** -1 where it is not to be told. With framing `none` it tells what a GET would have got. */
  contentLength = -1;
  /** What the upstream said of the length, however it is passed on; -1 for nothing. */
  readonly statedLength: number;

  constructor(status: number, fields: FieldBlock, statedLength: number) {
    this.status = status;
    this.reason = standardReasonOf(status);
    this.fields = fields;
    this.statedLength = statedLength;
  }

  /** The length was not stated, but all of the body is here, and no trailers follow. */
  settleLength(bytes: number): void {
    this.framing = 'length';
    this.contentLength = bytes;
  }
}

const FAULTS = {
  pseudo: responseFault('pseudo-field'),
  status: responseFault('status'),
  interimEnd: responseFault('interim-end'),
  switching: responseFault('switching-protocols'),
  contentLength: responseFault('content-length'),
};
const TOO_LARGE = new Map<string, HeadFault>(
  ['head-size', 'field-count'].map((rule) => [rule, responseFault(rule, 'upstream.head.too-large')] as const),
);

export interface Http2ResponseContext {
  /** Of the request: it decides whether there is a body. */
  readonly method: string;
  /** No body follows. */
  readonly endStream: boolean;
}

/** `pairs` is name, value, name, value ... Returns the head, or the rule it breaks. */
export function parseHttp2ResponseHead(
  pairs: readonly string[],
  context: Http2ResponseContext,
): Http2ResponseHead | HeadFault {
  const section = readFieldSection(pairs, RESPONSE_SECTION_LIMITS);
  if (section.fault !== '') return TOO_LARGE.get(section.fault) ?? responseFault(section.fault);
  const status = statusOf(section);
  if (status < 0) return section.pseudo.has(':status') ? FAULTS.status : FAULTS.pseudo;
  const statedLength = lengthOf(section);
  if (statedLength < -1) return FAULTS.contentLength;
  const head = new Http2ResponseHead(status, section.fields, statedLength);
  return status < 200 ? judgeInterim(head, context) : applyFraming(head, context);
}

/** RFC 9113 section 8.3.2: `:status` and no other pseudo-header field. -1 for anything else. */
function statusOf({ pseudo }: FieldSection): number {
  const status = pseudo.get(':status') ?? '';
  return pseudo.size === 1 && /^[1-5]\d\d$/.test(status) ? Number(status) : -1;
}

/** -1: not stated; -2: stated in a way that says nothing. */
function lengthOf({ contentLengths }: FieldSection): number {
  const [stated] = contentLengths;
  if (stated === undefined) return -1;
  const length = contentLengths.length > 1 ? -1 : parseContentLength(stated);
  return length < 0 ? -2 : length;
}

/** RFC 9113 sections 8.1 and 8.6: an interim response never ends the stream, and nobody switches protocols. */
function judgeInterim(
  head: Http2ResponseHead,
  { endStream }: Http2ResponseContext,
): Http2ResponseHead | HeadFault {
  if (head.status === 101) return FAULTS.switching;
  return endStream ? FAULTS.interimEnd : head;
}

function applyFraming(
  head: Http2ResponseHead,
  { method, endStream }: Http2ResponseContext,
): Http2ResponseHead | HeadFault {
  const { status, statedLength } = head;
  if (method === 'HEAD' || status === 204 || status === 304) {
    head.contentLength = statedLength;
    return head;
  }
  if (endStream && statedLength > 0) return FAULTS.contentLength;
  if (isOpenEnded(head, endStream)) head.framing = 'chunked';
  else {
    head.framing = 'length';
    head.contentLength = Math.max(statedLength, 0);
  }
  return head;
}

/** Whether its length is not told: it is unknown, or trailers are to come, which HTTP/1.1 sends behind chunks only. */
function isOpenEnded({ fields, statedLength }: Http2ResponseHead, endStream: boolean): boolean {
  // What has a status of gRPC in its head is all trailers (and a length would be a surprise).
  if (endStream) return fields.has('grpc-status');
  return statedLength < 0 || fields.has('trailer');
}
