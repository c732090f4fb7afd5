/** Numbers as people read them. */
import {
  counted,
  showAge,
  showBytes,
  showLatency,
  showNumber,
  showShare,
} from '../../../../src/observability/status/format.js';

describe('numbers for people', () => {
  it.each([
    [0, '0'],
    [0.4, '0.4'],
    [7, '7'],
    [12.34, '12.3'],
    [812.4, '812'],
    [999.96, '1.0k'],
    [12_400, '12.4k'],
    [3_000_000, '3.0M'],
  ])('shows %d as %s', (value, shown) => expect(showNumber(value)).toBe(shown));

  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [1024, '1.0 KiB'],
    [1_048_575, '1.0 MiB'],
    [150 * 2 ** 20, '150 MiB'],
  ])('shows %d bytes as %s', (bytes, shown) => expect(showBytes(bytes)).toBe(shown));

  it.each([
    [0.0008, '0.8 ms'],
    [0.042, '42 ms'],
    [1.25, '1.25 s'],
    [12, '12.0 s'],
    [Infinity, '> 30 s'],
  ])('shows a wait of %d s as %s', (seconds, shown) => expect(showLatency(seconds)).toBe(shown));

  it.each([
    [5.9, '5 s'],
    [180, '3 min'],
    [15_120, '4 h 12 min'],
    [7200, '2 h'],
    [1_047_600, '12 d 3 h'],
  ])('shows an age of %d s as %s', (seconds, shown) => expect(showAge(seconds)).toBe(shown));

  it.each([
    [0, '0 %'],
    [0.00001, '< 0.1 %'],
    [0.004, '0.4 %'],
    [0.5, '50 %'],
  ])('shows a share of %d as %s', (share, shown) => expect(showShare(share)).toBe(shown));

  it('counts things', () =>
    expect([counted(1, 'endpoint'), counted(0, 'day')]).toEqual(['1 endpoint', '0 days']));
});
