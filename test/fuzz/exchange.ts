/** Sends the bytes of a case over a real connection, in its pieces, and gathers what came back. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { piecesOf } from './mutations.js';
import type { FuzzCase } from './read-requests.js';

export interface Answer {
  readonly status: number;
  /** `METHOD target` as the upstream understood it; undefined when Torus answered itself. */
  readonly echo: string | undefined;
  /** Bytes of the body that the upstream counted, where it counts. */
  readonly size: number | undefined;
  /** It says that nothing follows: an upstream that answers before it has the whole body costs the client its connection. */
  readonly closes: boolean;
}

const HEAD = /HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n/g;
const valueOf = (head: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\\r$`, 'im').exec(head)?.[1];

/** Final responses in order. Their bodies hold no response heads. */
export const answersIn = (bytes: string): Answer[] =>
  [...bytes.matchAll(HEAD)]
    .map(([, status, head]) => {
      const size = valueOf(head ?? '', 'x-size');
      return {
        status: Number(status),
        echo: valueOf(head ?? '', 'x-echo'),
        size: size === undefined ? undefined : Number(size),
        closes: valueOf(head ?? '', 'connection')?.toLowerCase() === 'close',
      };
    })
    .filter(({ status }) => status >= 200);

/** Gives the peer this long without a byte before it counts as silent. */
const QUIET_MS = 40;
const LONGEST_MS = 4_000;

interface Conversation {
  readonly socket: Socket;
  received: string;
  lastAt: number;
}

const open = async (port: number): Promise<Conversation> => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const talk: Conversation = { socket, received: '', lastAt: performance.now() };
  socket.on('error', () => undefined); // a reset is an answer too
  socket.on('data', (piece: Buffer) => {
    talk.received += piece.toString('latin1');
    talk.lastAt = performance.now();
  });
  await once(socket, 'connect');
  return talk;
};

const isEnough = (talk: Conversation, expected: number): boolean =>
  talk.socket.destroyed || talk.socket.readableEnded || answersIn(talk.received).length >= expected;

/** Waits for `expected` answers, then for a quiet moment in which another one would have come. */
const listen = async (talk: Conversation, expected: number): Promise<void> => {
  const startedAt = performance.now();
  while (!isEnough(talk, expected) && performance.now() - startedAt < LONGEST_MS) await delay(2);
  while (!talk.socket.destroyed && !talk.socket.readableEnded && performance.now() - talk.lastAt < QUIET_MS)
    await delay(5);
};

export async function exchangeOn(port: number, fuzzCase: FuzzCase, expected: number): Promise<Answer[]> {
  const talk = await open(port);
  for (const piece of piecesOf(fuzzCase.text, fuzzCase.cuts)) {
    if (!talk.socket.destroyed) talk.socket.write(piece);
    if (fuzzCase.cuts.length < 8) await nextTurn();
  }
  talk.lastAt = performance.now();
  await listen(talk, expected);
  talk.socket.destroy();
  return answersIn(talk.received);
}
