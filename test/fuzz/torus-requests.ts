/** Reads requests with the whole of Torus's connection code (head, body, pipelining, persistence) over a socket in memory. */
import type { Socket } from 'node:net';
import type { ListenerConfig } from '../../src/contracts/config.js';
import type { DownstreamStream } from '../../src/contracts/downstream.js';
import { FieldBlock } from '../../src/http/field-block.js';
import { compileIpSet } from '../../src/http/ip-set.js';
import { Http1Connection } from '../../src/proxy/listener/http1-connection.js';
import type { ListenerContext } from '../../src/proxy/listener/listener-context.js';
import { CALM } from '../support/calm-overload.js';
import { comparableLine } from './comparable-line.js';
import { AcceptedMemorySocket, type MemorySocket } from './memory-socket.js';
import { emptyReading, grow, type ReadMessage, type Reading } from './reading.js';

const HOUR_MS = 3_600_000;

const LISTENER: ListenerConfig = {
  name: 'memory',
  host: '',
  port: 0,
  tls: undefined,
  limits: {
    requestLineBytes: 8192,
    headBytes: 16_384,
    headerCount: 100,
    requestsPerConnection: 1000,
    connectionAgeMs: HOUR_MS,
    bodyBytesPerSecond: 0,
    allowUnderscores: false,
  },
  protocols: ['http1'],
  http2: { maxConcurrentStreams: 0, streamWindowBytes: 0, connectionWindowBytes: 0 },
  timeouts: { requestHeadMs: 0, bodyGapMs: 0, writeGapMs: 0, keepAliveMs: 0, tlsHandshakeMs: 0 },
  proxyProtocol: undefined,
};

const EMPTY_ANSWER = { status: 200, reason: 'OK', framing: 'length', contentLength: 0 } as const;
const ignore = (): void => undefined;
const NOBODY = compileIpSet([]);

const answer = (stream: DownstreamStream, message: ReadMessage): void => {
  message.complete = true;
  stream.sendComplete({ ...EMPTY_ANSWER, fields: new FieldBlock() }, undefined, undefined);
};

/** Takes requests as the gateway would, and answers each once its body is whole. */
function handlerFor(reading: Reading): (stream: DownstreamStream) => void {
  return (stream) => {
    const { method, path, query } = stream.head;
    const message: ReadMessage = {
      line: comparableLine(method, `${path}${query}`),
      body: Buffer.alloc(0),
      complete: false,
    };
    reading.messages.push(message);
    stream.observe({
      onDownstreamFailure: (cause, detail) => {
        reading.refused = `${cause} ${detail ?? ''}`;
        stream.abort();
      },
      onDownstreamFinished: ignore,
    });
    const { body } = stream;
    if (body.kind === 'complete') grow(message, body.bytes);
    if (body.kind !== 'stream') {
      answer(stream, message);
      return;
    }
    body.stream.on('data', (piece: Buffer) => grow(message, piece));
    body.stream.on('end', () => answer(stream, message));
    body.stream.on('error', ignore);
  };
}

const contextFor = (reading: Reading): ListenerContext => ({
  config: LISTENER,
  handler: handlerFor(reading),
  telemetry: {
    socketOpened: ignore,
    socketClosed: ignore,
    connectionRefused: ignore,
    tlsHandshakeDone: ignore,
    tlsHandshakeFailed: ignore,
    requestRejected: ({ cause, detail }) => (reading.refused ??= `${cause} ${detail ?? ''}`),
    exchangeStarted: ignore,
    exchangeCompleted: ignore,
    requestShed: ignore,
    retried: ignore,
    retrySkipped: ignore,
    upstreamPending: ignore,
    upstreamOverflow: ignore,
    endpointFailed: ignore,
    concurrencyLimit: ignore,
    splitChosen: ignore,
    mirrored: ignore,
    mirrorCompared: ignore,
  },
  timers: {
    now: () => 0,
    coarseNow: () => 0,
    create: () => ({ arm: ignore, disarm: ignore, remainingMs: 0 }),
  },
  trusted: NOBODY,
  proxyName: 'torus',
  nextId: () => 'id',
  isDraining: () => false,
  isPatient: () => false,
  overload: CALM,
});

export interface OpenReading {
  readonly reading: Reading;
  readonly socket: MemorySocket;
}

export function openTorus(): OpenReading {
  const reading = emptyReading();
  const socket = new AcceptedMemorySocket();
  new Http1Connection(socket as unknown as Socket, contextFor(reading), ignore);
  return { reading, socket };
}
