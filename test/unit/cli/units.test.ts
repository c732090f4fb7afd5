import { shortSize, shortTime } from '../../../src/cli/units.js';

describe('short forms for people', () => {
  it.each([
    [0, '0ms'],
    [999, '999ms'],
    [1000, '1.0s'],
    [9949, '9.9s'],
    [9950, '10s'],
    [59_400, '59s'],
    [90_000, '1.5m'],
    [7_200_000, '2.0h'],
    [259_200_000, '3.0d'],
  ])('%d milliseconds are %s', (durationMs, text) => {
    expect(shortTime(durationMs)).toBe(text);
  });

  it.each([
    [0, '0'],
    [1023, '1023'],
    [1024, '1.0K'],
    [7_340_032, '7.0M'],
    [40 * 2 ** 30, '40G'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(shortSize(bytes)).toBe(text);
  });
});
