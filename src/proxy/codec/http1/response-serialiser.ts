import type { ResponseHead } from '../../../contracts/message.js';
import { httpDate } from '../../../http/date.js';
import { FieldBlock, dropTable, fieldsOf } from '../../../http/field-block.js';
import * as known from '../../../http/known-fields.js';

/** Owns how a response head is written to an HTTP/1.x client: re-serialised from what was parsed, framing by Torus alone. */

export type WrittenFraming = 'none' | 'length' | 'chunked' | 'close';

export interface ResponseWriting {
  readonly framing: WrittenFraming;
  /** Written with framing `length`, and with `none` where it tells what a GET would get; -1 for no Content-Length. */
  readonly contentLength: number;
  /** What to say in `Connection`; empty for nothing. */
  readonly connection: '' | 'close' | 'keep-alive' | 'upgrade';
  readonly nowMs: number;
}

const HOP_BY_HOP = [
  known.CONNECTION,
  known.KEEP_ALIVE,
  known.PROXY_CONNECTION,
  known.TRANSFER_ENCODING,
  known.CONTENT_LENGTH,
  known.TE,
  known.UPGRADE,
];
const DROPPED = dropTable(...HOP_BY_HOP);
const DROPPED_UNCHUNKED = dropTable(...HOP_BY_HOP, known.TRAILER);
/** 426 must say what to upgrade to, 101 what was switched to (RFC 9110 section 7.8). */
const DROPPED_KEEPING_UPGRADE = dropTable(
  ...HOP_BY_HOP.filter((kind) => kind !== known.UPGRADE),
  known.TRAILER,
);

export function serialiseResponseHead(head: ResponseHead, writing: ResponseWriting): string {
  const fields = head.fields instanceof FieldBlock ? head.fields : fieldsOf(head.fields.entries());
  const status = head.status;
  let output = `HTTP/1.1 ${String(status)} ${head.reason}\r\n${fields.serialise(tableFor(status, writing.framing))}`;
  if (status >= 200 && fields.valueOfKind(known.DATE) === undefined && !fields.has('date')) {
    output += `date: ${httpDate(writing.nowMs)}\r\n`;
  }
  if (writing.framing === 'chunked') output += 'transfer-encoding: chunked\r\n';
  else if (writing.contentLength >= 0 && writing.framing !== 'close' && mayHaveLength(status)) {
    output += `content-length: ${String(writing.contentLength)}\r\n`;
  }
  if (writing.connection !== '') output += `connection: ${writing.connection}\r\n`;
  return `${output}\r\n`;
}

function tableFor(status: number, framing: WrittenFraming): Uint8Array {
  if (status === 101 || status === 426) return DROPPED_KEEPING_UPGRADE;
  return framing === 'chunked' ? DROPPED : DROPPED_UNCHUNKED;
}

/** RFC 9110 section 8.6: no Content-Length on 1xx and 204. */
function mayHaveLength(status: number): boolean {
  return status >= 200 && status !== 204;
}
