import { isChunked, parseContentLength } from '../../../src/http/framing.js';

describe('parseContentLength', () => {
  it.each([
    ['0', 0],
    ['5', 5],
    ['0005', 5],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('reads %s', (text, length) => {
    expect(parseContentLength(text)).toBe(length);
  });

  it.each([
    '',
    '+5',
    '-5',
    '5 ',
    '5,5',
    '0x5',
    '5e0',
    '5.0',
    '9007199254740992',
    '99999999999999999',
    '\u0665',
  ])('refuses %j', (text) => {
    expect(parseContentLength(text)).toBe(-1);
  });
});

describe('isChunked', () => {
  it('takes exactly chunked, in any case', () => {
    expect(isChunked('CHUNKED')).toBe(true);
    for (const coding of ['', 'gzip, chunked', 'chunked, chunked', 'chunked;q=1', 'xchunked']) {
      expect(isChunked(coding)).toBe(false);
    }
  });
});
