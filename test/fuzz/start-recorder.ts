/** An upstream that keeps the bytes of each connection, answers through node:http, and says what that parser saw. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { startHttpUpstream, type TestUpstream } from '../support/index.js';

export interface Recorder extends TestUpstream {
  /** Everything received so far, by connection. */
  readonly received: readonly { bytes: string }[];
  /** What llhttp refused of what it was sent. */
  readonly faults: readonly string[];
  /** Requests that were read to their end. */
  readonly requests: number;
}

export const startRecorder = async (): Promise<Recorder> => {
  const received: { bytes: string }[] = [];
  const faults: string[] = [];
  let requests = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let size = 0;
    for await (const piece of request) size += (piece as Buffer).length;
    requests += 1;
    const echo = `${request.method ?? ''} ${request.url ?? ''}`;
    response.writeHead(200, { 'x-echo': echo, 'x-size': size, 'content-length': 0 }).end();
  };
  const upstream = await startHttpUpstream(answer);
  upstream.server.on('checkExpectation', (request, response) => void answer(request, response));
  upstream.server.on('clientError', (error: NodeJS.ErrnoException & { reason?: string }, socket: Socket) => {
    // A connection that breaks in the middle of a request is no fault of framing.
    if (error.code !== 'ECONNRESET' && error.code !== 'HPE_INVALID_EOF_STATE')
      faults.push(`${error.code ?? error.message}: ${error.reason ?? ''}`);
    socket.destroy();
  });
  upstream.server.on('connection', (socket: Socket) => {
    const record = { bytes: '' };
    received.push(record);
    socket.on('data', (piece: Buffer) => (record.bytes += piece.toString('latin1')));
  });
  return Object.defineProperties(Object.create(upstream) as Recorder, {
    received: { value: received },
    faults: { value: faults },
    requests: { get: () => requests },
  });
};
