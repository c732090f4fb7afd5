import type { Body, BodyStream } from '../contracts/message.js';

/** Owns the gathering of a request body for a filter that must see all of it: bounded, and only for routes that ask. */

/** Resolves with the bytes; with `too-large` as soon as the limit is passed; with `broken` when the client broke off. */
export async function gatherBody(body: Body, maxBytes: number): Promise<Buffer | 'too-large' | 'broken'> {
  if (body.kind === 'none') return Buffer.alloc(0);
  if (body.kind === 'complete') return body.bytes.length > maxBytes ? 'too-large' : body.bytes;
  return gatherStream(body.stream, maxBytes);
}

async function gatherStream(stream: BodyStream, maxBytes: number): Promise<Buffer | 'too-large' | 'broken'> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > maxBytes) return 'too-large';
      pieces.push(piece);
    }
  } catch {
    // The downstream has told the exchange the cause already.
    return 'broken';
  }
  return Buffer.concat(pieces, length);
}
