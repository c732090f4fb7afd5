/** The one frame that Torus adds to a WebSocket: where it may stand, however the bytes are cut. */
import fc from 'fast-check';
import { FrameBoundaries } from '../../../../src/proxy/forwarder/frame-boundaries.js';
import { GoingAway } from '../../../../src/proxy/forwarder/going-away.js';
import { closeCodeOf, closeFrame, FrameReader, OPCODE, webSocketFrame } from '../../../support/index.js';

const frames = fc.array(
  fc
    .record({
      opcode: fc.constantFrom(OPCODE.text, OPCODE.binary, OPCODE.ping, 0),
      size: fc.oneof(fc.nat(200), fc.constantFrom(0, 125, 126, 127, 65_535, 65_536, 70_000)),
      masked: fc.boolean(),
      isFinal: fc.boolean(),
    })
    .map(({ opcode, size, ...options }) => webSocketFrame(opcode, Buffer.alloc(size, 0x88), options)),
  { minLength: 1, maxLength: 6 },
);

/** Lengths of the pieces, taken in turn. */
const cuts = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 20 });

const piecesOf = (bytes: Buffer, lengths: readonly number[]): Buffer[] => {
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
};

const run = async (
  pieces: readonly Buffer[],
  tellAfter: number,
): Promise<{ readonly bytes: Buffer; readonly told: number }> => {
  let told = 0;
  const going = new GoingAway(() => (told += 1));
  const received: Buffer[] = [];
  going.on('data', (chunk: Buffer) => received.push(chunk));
  for (const [index, piece] of pieces.entries()) {
    if (index === tellAfter) going.tell();
    await new Promise((resolve) => going.write(piece, resolve));
  }
  if (tellAfter >= pieces.length) going.tell();
  await new Promise<void>((resolve) => going.on('end', resolve).end());
  return { bytes: Buffer.concat(received), told };
};

describe('FrameBoundaries', () => {
  it('knows where each frame ends, however the bytes are cut', () => {
    const property = fc.property(frames, cuts, (all, lengths) => {
      const boundaries = new FrameBoundaries();
      const ends: number[] = [];
      let at = 0;
      for (const piece of piecesOf(Buffer.concat(all), lengths)) {
        let rest = piece;
        while (rest.length > 0) {
          const passed = boundaries.pass(rest, true);
          at += passed;
          rest = rest.subarray(passed);
          if (boundaries.isBetweenFrames) ends.push(at);
        }
      }
      let sum = 0;
      expect(ends).toEqual(all.map((frame) => (sum += frame.length)));
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('goes over everything when it need not stop', () => {
    const boundaries = new FrameBoundaries();
    const bytes = Buffer.concat([webSocketFrame(OPCODE.text, 'one'), webSocketFrame(OPCODE.text, 'two')]);
    expect([boundaries.pass(bytes, false), boundaries.isBetweenFrames]).toEqual([bytes.length, true]);
    expect(boundaries.hasClosed).toBe(false);
    boundaries.pass(closeFrame(1000).subarray(0, 2), false);
    expect(boundaries.hasClosed).toBe(true);
  });
});

describe('GoingAway', () => {
  it('changes nothing until it is told', async () => {
    const property = fc.asyncProperty(frames, cuts, async (all, lengths) => {
      const bytes = Buffer.concat(all);
      const pieces = piecesOf(bytes, lengths);
      const going = new GoingAway(() => undefined);
      const received: Buffer[] = [];
      going.on('data', (chunk: Buffer) => received.push(chunk));
      for (const piece of pieces) await new Promise((resolve) => going.write(piece, resolve));
      expect(Buffer.concat(received).equals(bytes)).toBe(true);
    });
    await fc.assert(property, { numRuns: 50 });
  });

  it('puts its close frame behind a whole frame, and nothing behind it', async () => {
    const property = fc.asyncProperty(frames, cuts, fc.nat(20), async (all, lengths, tellAfter) => {
      const { bytes, told } = await run(piecesOf(Buffer.concat(all), lengths), tellAfter);
      const reader = new FrameReader();
      reader.push(bytes);
      expect([told, reader.isBetweenFrames]).toEqual([1, true]);
      const last = reader.frames.at(-1);
      if (last === undefined) throw new Error('no frame');
      expect([last.opcode, last.isMasked, closeCodeOf(last)]).toEqual([OPCODE.close, false, 1001]);
      expect(bytes.subarray(0, -4).equals(Buffer.concat(all).subarray(0, bytes.length - 4))).toBe(true);
    });
    await fc.assert(property, { numRuns: 100 });
  });

  it('leaves the last word to an upstream that has closed already', async () => {
    const close = closeFrame(1000, 'done');
    const { bytes, told } = await run([close], 1);
    expect([bytes, told]).toEqual([close, 0]);
  });

  it('says nothing into the middle of a frame that never ends', async () => {
    const half = webSocketFrame(OPCODE.text, 'never whole').subarray(0, 5);
    const { bytes, told } = await run([half], 1);
    expect([bytes, told]).toEqual([half, 0]);
  });
});
