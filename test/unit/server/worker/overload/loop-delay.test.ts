import { LoopDelay } from '../../../../../src/server/worker/overload/loop-delay.js';

const WINDOW_MS = 5000;

/** Pauses of these lengths, each followed by a gap. Returns what is read at the end, and when that is. */
const after = (lengths: readonly number[], gapMs = 0): { delay: LoopDelay; now: number } => {
  const delay = new LoopDelay(WINDOW_MS);
  let now = 10_000;
  for (const length of lengths) {
    now += length;
    delay.record(length, now);
    now += gapMs;
  }
  return { delay, now };
};
const read = (lengths: readonly number[], gapMs = 0): number => {
  const { delay, now } = after(lengths, gapMs);
  return delay.read(now);
};
const times = (count: number, length: number): number[] => Array.from({ length: count }, () => length);

describe('the delay of the event loop', () => {
  it('is nothing without pauses, and nothing for a single one, however long', () => {
    expect(read([])).toBe(0);
    for (const length of [50, 600, 4000, 60_000]) expect(read([length])).toBe(0);
  });

  it.each([100, 600, 1000, 3000, 8000])('is %i ms where such pauses follow each other', (length) => {
    const count = Math.ceil((3 * WINDOW_MS) / length) + 2;
    expect(read(times(count, length)) / length).toBeCloseTo(1, 0);
  });

  it('is about half of the pauses where they take half of the time', () => {
    const delayMs = read(times(20, 500), 500);
    expect(delayMs).toBeGreaterThan(200);
    expect(delayMs).toBeLessThan(260);
  });

  it('leaves out the longest pause wherever it lies, and counts the others', () => {
    expect(read([4000, ...times(10, 600)])).toBeCloseTo(600, -2);
    expect(read([...times(10, 600), 4000])).toBeCloseTo(600, -2);
  });

  it('is small for a few long pauses among many turns without one', () => {
    expect(read([900, 900], 1000)).toBeLessThan(250);
  });

  it('is over once the window holds no pause any more', () => {
    const { delay, now } = after(times(20, 600));
    expect(delay.read(now)).toBeGreaterThan(500);
    expect(delay.read(now + WINDOW_MS / 2)).toBeLessThan(400);
    expect(delay.read(now + WINDOW_MS + 1)).toBe(0);
  });

  it('overlooks the grain of the clock', () => {
    expect(read(times(1000, 4))).toBe(0);
  });

  it('follows a new window', () => {
    const { delay, now } = after(times(20, 600));
    delay.configure(1500);
    expect(delay.read(now + 1600)).toBe(0);
  });
});
