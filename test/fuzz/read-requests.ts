/** Gives the same bytes to a reader in pieces, many connections at once, and waits until nothing moves any more. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { piecesOf } from './mutations.js';
import type { Reading } from './reading.js';
import type { OpenReading } from './torus-requests.js';

export interface FuzzCase {
  /** The bytes, as latin1. */
  readonly text: string;
  readonly cuts: readonly number[];
}

const movement = (open: readonly OpenReading[]): number =>
  open.reduce(
    (sum, { reading, socket }) =>
      sum +
      reading.messages.reduce((bytes, { body, complete }) => bytes + body.length + (complete ? 2 : 1), 0) +
      (socket.isClosed ? 1 : 0) +
      socket.written.length,
    0,
  );

/** Resolves when two turns of the event loop changed nothing. */
export async function settle(open: readonly OpenReading[]): Promise<void> {
  for (let before = -1, quiet = 0; quiet < 2;) {
    await nextTurn();
    const now = movement(open);
    quiet = now === before ? quiet + 1 : 0;
    before = now;
  }
}

function finished({ reading, socket }: OpenReading): Reading {
  reading.closed = socket.isClosed;
  // node:http answers some faults by itself, without an event.
  if (reading.refused === undefined && /^HTTP\/1\.1 [45]/m.test(socket.sent))
    reading.refused = 'answered with an error';
  socket.destroy();
  return reading;
}

/** Reads every case on a connection of its own. */
export async function readAll(cases: readonly FuzzCase[], connect: () => OpenReading): Promise<Reading[]> {
  const open = cases.map(() => connect());
  const pieces = cases.map(({ text, cuts }) => piecesOf(text, cuts));
  const rounds = Math.max(0, ...pieces.map((list) => list.length));
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, list] of pieces.entries()) {
      const piece = list[round];
      if (piece !== undefined) open[index]?.socket.arrive(piece);
    }
    if (round % 3 === 0) await nextTurn();
  }
  await settle(open);
  const readings = open.map(finished);
  await nextTurn();
  return readings;
}
