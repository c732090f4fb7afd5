import { parseDuration } from '../../../../src/config/parse/duration.js';

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['10s', 10_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1.5s', 1500],
    ['0', 0],
    ['0s', 0],
  ])('reads %s as milliseconds', (text, value) => {
    expect(parseDuration(text)).toEqual({ ok: true, value });
  });

  it.each(['', '10', '10 seconds', 's', '-1s', '1d', '1e3ms', '10s5', '0x10s', 'Infinity', '597h'])(
    'refuses %j',
    (text) => {
      expect(parseDuration(text).ok).toBe(false);
    },
  );

  it('asks for a unit when only a number is there', () => {
    expect(parseDuration('30')).toMatchObject({ message: expect.stringContaining('with a unit') });
  });
});
