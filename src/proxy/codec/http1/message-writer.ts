import type { Socket } from 'node:net';
import type { Fields } from '../../../contracts/fields.js';
import { FieldBlock, fieldsOf } from '../../../http/field-block.js';
import { serialiseTrailers } from './trailers.js';

/** Owns the one write of a message that is whole: head and body leave in a single buffer, outside the JavaScript heap. */

/** A larger body is worth a write of its own more than a copy. */
const COPY_LIMIT_BYTES = 64 * 1024;

export function writeWhole(socket: Socket, head: string, body: Buffer | undefined): void {
  if (body === undefined || body.length === 0) {
    socket.write(head, 'latin1');
    return;
  }
  if (body.length > COPY_LIMIT_BYTES) {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(Buffer.from(body));
    socket.uncork();
    return;
  }
  const message = Buffer.allocUnsafe(head.length + body.length);
  message.write(head, 0, head.length, 'latin1');
  body.copy(message, head.length);
  socket.write(message);
}

/** A whole body in chunked coding: one chunk, the last chunk, the trailers. */
export function chunkedWhole(body: Buffer | undefined, trailers: Fields | undefined): Buffer {
  const block =
    trailers === undefined || trailers instanceof FieldBlock ? trailers : fieldsOf(trailers.entries());
  const end = `0\r\n${serialiseTrailers(block)}\r\n`;
  if (body === undefined || body.length === 0) return Buffer.from(end, 'latin1');
  return Buffer.concat([
    Buffer.from(`${body.length.toString(16)}\r\n`, 'latin1'),
    body,
    Buffer.from(`\r\n${end}`, 'latin1'),
  ]);
}
