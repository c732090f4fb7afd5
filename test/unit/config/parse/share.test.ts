import { parseShare } from '../../../../src/config/parse/share.js';

describe('parseShare', () => {
  it.each([
    ['10%', 0.1],
    ['0.5%', 0.005],
    ['100%', 1],
    ['0%', 0],
    [' 5 % ', 0.05],
    ['0.1', 0.1],
    ['1', 1],
    ['0', 0],
    ['25', 0.25],
  ])('reads %j', (text, share) => {
    expect(parseShare(text)).toEqual({ ok: true, value: share });
  });

  it.each(['101%', '-1%', '', '%', 'half', '1e2%', '999'])('refuses %j', (text) => {
    expect(parseShare(text)).toEqual({
      ok: false,
      message: 'must be a percentage such as 10% or 0.5%, at most 100%',
    });
  });
});
