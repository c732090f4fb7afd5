import { once } from 'node:events';
import { BodyIntake } from '../../../../../src/proxy/codec/http1/body-intake.js';
import { IncomingBody } from '../../../../../src/proxy/codec/http1/incoming-body.js';
import {
  SHARED_READ_BUFFER,
  giveReadBuffer,
  takeReadBuffer,
} from '../../../../../src/proxy/codec/read-buffers.js';

const RECORD_BYTES = 16 * 1024;
const SOURCE = { pauseBody: () => undefined, resumeBody: () => undefined, abandonBody: () => undefined };

function arrange(isTls: boolean) {
  const intake = new BodyIntake(isTls);
  const body = new IncomingBody(SOURCE);
  const pieces: string[] = [];
  body.on('data', (piece: Buffer) => {
    pieces.push(piece.toString());
  });
  intake.begin(body);
  let buffer = intake.buffer;
  /** What a socket does: reads `text` into the buffer it was lent when the last read was done; `[from, to)` of it is decoded. */
  const read = (text: string, from = 0, to = text.length): void => {
    buffer.write(text, 'latin1');
    intake.take(buffer.subarray(from, to), true);
    buffer = intake.buffer;
  };
  return { intake, body, pieces, read };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('BodyIntake', () => {
  it('copies what stands in the shared buffer, and reads into one of its own from then on', async () => {
    const { intake, pieces, read } = arrange(false);
    read('first');
    SHARED_READ_BUFFER.fill(0, 0, 16);
    expect(intake.buffer).not.toBe(SHARED_READ_BUFFER);
    read('second');
    await nextTurn();
    expect(pieces).toEqual(['first', 'second']);
  });

  it('never reads into a buffer that is still on its way', () => {
    const { intake, read } = arrange(false);
    read('first');
    const lent = intake.buffer;
    read('second');
    expect(intake.buffer.buffer).not.toBe(lent.buffer);
  });

  it('gathers the TLS records of one turn, without the framing between them', async () => {
    const { pieces, read } = arrange(true);
    read('first');
    read('3\r\nabc\r\n', 3, 6);
    read('2\r\nde\r\n', 3, 5);
    await nextTurn();
    await nextTurn();
    expect(pieces).toEqual(['first', 'abcde']);
  });

  it('hands on a full buffer at once', () => {
    const { body, read } = arrange(true);
    body.pause();
    read('first');
    const waiting = body.readableLength;
    for (let record = 0; record < 4; record += 1) read('x'.repeat(RECORD_BYTES));
    expect(body.readableLength).toBe(waiting + 4 * RECORD_BYTES);
  });

  it('keeps what is on its way from what is read after the turn', async () => {
    const { body, read } = arrange(true);
    read('first');
    const pieces: Buffer[] = [];
    body.removeAllListeners('data').on('data', (piece: Buffer) => pieces.push(piece));
    for (const text of ['second', 'third', 'fourth']) {
      read(text);
      await nextTurn();
      await nextTurn();
    }
    expect(pieces.join(' ')).toBe('first second third fourth');
    for (const piece of pieces) giveReadBuffer(piece);
    read('fifth');
    expect(pieces.join(' ')).toBe('first second third fourth');
  });

  it('gives no buffer to others that its socket may still read into', () => {
    const { intake, read } = arrange(false);
    read('first');
    const lent = intake.buffer;
    intake.drop();
    const others = Array.from({ length: 70 }, () => takeReadBuffer());
    expect(others.map(({ buffer }) => buffer)).not.toContain(lent.buffer);
    for (const other of others) giveReadBuffer(other);
  });

  it('hands on what is gathered before the end', async () => {
    const { intake, pieces, read } = arrange(true);
    read('first');
    read('last');
    const body = intake.finish();
    expect(intake.buffer).toBe(SHARED_READ_BUFFER);
    body?.complete(undefined);
    if (body !== undefined) await once(body, 'end');
    expect(pieces.join('')).toBe('firstlast');
  });

  it('hands on nothing after it was dropped', async () => {
    const { intake, pieces, read } = arrange(true);
    read('first');
    read('gathered');
    intake.drop()?.destroy();
    read('later');
    await nextTurn();
    expect(pieces).not.toContain('gathered');
    expect(pieces).not.toContain('later');
  });
});
