import { cookieValue } from '../../../src/http/cookie.js';
import { FakeFields } from '../../support/fake-exchange.js';

const read = (...lines: readonly string[]): string | undefined =>
  cookieValue(new FakeFields(lines.map((line) => ['cookie', line])), 'id');

describe('cookieValue', () => {
  it.each([
    ['id=1', '1'],
    ['a=b; id=1; c=d', '1'],
    ['a=b;id=1', '1'],
    ['a=b;   id= 1 ;c', '1'],
    ['id="1"', '1'],
    ['id=', ''],
    ['id=a=b', 'a=b'],
    ['id=1; id=2', '1'],
    ['xid=2; id=1', '1'],
    ['id2=2; id=1', '1'],
  ])('reads %j', (line, value) => {
    expect(read(line)).toBe(value);
  });

  it.each(['', 'id', 'xid=1', 'idx=1', 'a=id=1', 'ID=1', ';;;', 'a=b; id'])('finds none in %j', (line) => {
    expect(read(line)).toBeUndefined();
  });

  it('reads several lines, as HTTP/2 sends them', () => {
    expect(read('a=b', 'id=1', 'id=2')).toBe('1');
    expect(read()).toBeUndefined();
  });
});
