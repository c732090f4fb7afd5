import { parseSize } from '../../../../src/config/parse/size.js';

describe('parseSize', () => {
  it.each([
    ['500B', 500],
    ['16KiB', 16_384],
    ['1MiB', 1_048_576],
    ['1MB', 1_000_000],
    ['1kB', 1000],
    ['1.5KiB', 1536],
    ['2GiB', 2_147_483_648],
    ['0', 0],
  ])('reads %s as bytes', (text, value) => {
    expect(parseSize(text)).toEqual({ ok: true, value });
  });

  it.each(['', '16', '16K', '1mb', '-1B', '1TiB', '0.1B', 'B', '1 0B', '1iB'])('refuses %j', (text) => {
    expect(parseSize(text).ok).toBe(false);
  });
});
