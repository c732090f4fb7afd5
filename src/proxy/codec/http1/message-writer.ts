import type { Socket } from 'node:net';
import type { Fields } from '../../../contracts/fields.js';
import { FieldBlock, fieldsOf } from '../../../http/field-block.js';
import { LENT_BYTES, giveReadBuffer, takeReadBuffer } from '../read-buffers.js';
import { serialiseTrailers } from './trailers.js';

/** Owns the one write of a message that is whole: head and body leave in a single buffer, outside the JavaScript heap. */

/** A larger message is worth a write of its own for the body more than a copy. */
const COPY_LIMIT_BYTES = LENT_BYTES;
/** Smaller ones come out of Node's own pool, which costs next to nothing. */
const POOLED_BYTES = Buffer.poolSize >>> 1;

export function writeWhole(socket: Socket, head: string, body: Buffer | undefined): void {
  if (body === undefined || body.length === 0) {
    socket.write(head, 'latin1');
    return;
  }
  const length = head.length + body.length;
  if (length < POOLED_BYTES) socket.write(joined(Buffer.allocUnsafe(length), head, body));
  else if (length <= COPY_LIMIT_BYTES) writeLent(socket, head, body);
  else {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(Buffer.from(body));
    socket.uncork();
  }
}

/** Put together in a buffer that is lent: memory of that size is dear to allocate and to collect. */
function writeLent(socket: Socket, head: string, body: Buffer): void {
  const message = joined(takeReadBuffer(), head, body);
  socket.write(message, () => {
    giveReadBuffer(message);
  });
}

function joined(memory: Buffer, head: string, body: Buffer): Buffer {
  memory.write(head, 0, head.length, 'latin1');
  body.copy(memory, head.length);
  return memory.length === head.length + body.length ? memory : memory.subarray(0, head.length + body.length);
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
