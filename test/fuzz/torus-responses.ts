/** Reads one response with Torus's upstream reader, in pieces and up to the end of the connection. */
import { ResponseReader, type ResponseEvents } from '../../src/proxy/upstream/response-reader.js';
import { piecesOf } from './mutations.js';
import type { FuzzCase } from './read-requests.js';
import { emptyReading, grow, type ReadMessage, type Reading } from './reading.js';

export interface ResponseCase extends FuzzCase {
  /** Of the request it answers. */
  readonly method: string;
}

const ignore = (): void => undefined;

/** The response has ended, or never will: no further byte belongs to it. */
interface Progress {
  over: boolean;
}

function eventsFor(reading: Reading, progress: Progress): ResponseEvents {
  const begin = (status: number): ReadMessage => {
    const message = { line: String(status), body: Buffer.alloc(0), complete: false };
    reading.messages.push(message);
    return message;
  };
  return {
    onInterim: ignore,
    // Nobody asked for an upgrade: the connection refuses it.
    onSwitch: () => {
      reading.refused = 'upstream.upgrade.invalid';
      progress.over = true;
    },
    onFinalHead: ignore,
    onWholeResponse: (head, body) => {
      const message = begin(head.status);
      if (body.kind === 'complete') grow(message, body.bytes);
      message.complete = true;
      progress.over = true;
    },
    onStreamingResponse: (head, stream) => {
      const message = begin(head.status);
      stream.on('data', (piece: Buffer) => grow(message, piece));
      stream.on('end', () => (message.complete = true));
      stream.on('error', ignore);
    },
    onBodyBytes: ignore,
    onBodyEnd: () => (progress.over = true),
    onFault: (cause, rule) => {
      reading.refused ??= `${cause} ${rule}`;
      progress.over = true;
    },
    pauseBody: ignore,
    resumeBody: ignore,
    abandonBody: ignore,
  };
}

/** The reading fills up as streams deliver: look at it some turns of the event loop later. */
export function readTorusResponse({ text, cuts, method }: ResponseCase): Reading {
  const reading = emptyReading();
  const progress = { over: false };
  const reader = new ResponseReader(eventsFor(reading, progress), false);
  reader.expect(method);
  for (const piece of piecesOf(text, cuts)) if (!progress.over) reader.read(piece, piece.length, false);
  if (!progress.over && !reader.finish()) reading.refused = 'closed';
  if (reading.refused !== undefined) reader.close(new Error(reading.refused));
  return reading;
}
