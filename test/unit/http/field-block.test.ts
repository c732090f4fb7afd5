import { FieldBlock, copyOf, dropTable, fieldsOf } from '../../../src/http/field-block.js';
import * as known from '../../../src/http/known-fields.js';
import { scanFieldLines } from '../../../src/proxy/codec/http1/field-lines.js';

const LIMITS = { headerCount: 100, allowUnderscores: true };
const KEEP_ALL = dropTable();

function parse(lines: string): FieldBlock {
  const bytes = Buffer.from(`${lines}\r\n`, 'latin1');
  const text = bytes.toString('latin1');
  return new FieldBlock(
    text,
    scanFieldLines(bytes, { base: 0, position: 0, end: bytes.length }, text, LIMITS).spans,
  );
}

describe('FieldBlock', () => {
  it('finds values whatever the case of the name on the wire', () => {
    const block = parse('X-Name: a\r\nx-nAme: b\r\nOther: c\r\n');
    expect(block.get('x-name')).toBe('a');
    expect(block.getAll('x-name')).toEqual(['a', 'b']);
    expect(block.has('missing')).toBe(false);
  });

  it('writes untouched fields byte for byte and in order', () => {
    const lines = 'A: 1\r\nB: caf\xe9\r\nA: 2\r\n';
    expect(parse(lines).serialise(KEEP_ALL)).toBe(lines);
  });

  it('writes a field with odd white space in canonical form', () => {
    expect(parse('A:1\r\nB: \t 2 \t \r\nC:\r\nD: 4\r\n').serialise(KEEP_ALL)).toBe(
      'A: 1\r\nB: 2\r\nC: \r\nD: 4\r\n',
    );
  });

  it('leaves out what the table drops, canonical or not', () => {
    const table = dropTable(known.CONNECTION, known.TE);
    expect(parse('A: 1\r\nConnection: x\r\nTE:gzip\r\nB: 2\r\n').serialise(table)).toBe('A: 1\r\nB: 2\r\n');
  });

  it('replaces every field of a name by one on set, and none of the others', () => {
    const block = parse('A: 1\r\nB: 2\r\nA: 3\r\n');
    block.set('a', '9');
    expect(block.getAll('a')).toEqual(['9']);
    expect(block.serialise(KEEP_ALL)).toBe('B: 2\r\na: 9\r\n');
    expect([...block.entries()]).toEqual([
      ['b', '2'],
      ['a', '9'],
    ]);
  });

  it('removes fields that were appended as well as those that were parsed', () => {
    const block = parse('A: 1\r\n');
    block.append('a', '2');
    block.append('b', '3');
    block.remove('a');
    expect([...block.entries()]).toEqual([['b', '3']]);
  });

  it('refuses values that would start a new line, and names that are no tokens', () => {
    const block = parse('');
    for (const value of ['a\r\nb: c', 'a\nb', 'a\0b', '\u4e2d'])
      expect(() => block.set('a', value)).toThrow(TypeError);
    for (const name of ['', 'a b', 'a:', 'a\r\n']) expect(() => block.append(name, 'x')).toThrow(TypeError);
    expect(block.serialise(KEEP_ALL)).toBe('');
  });

  it('copies are independent of the original', () => {
    const block = parse('A: 1\r\n');
    const copy = copyOf(block);
    copy.remove('a');
    copy.append('b', '2');
    expect(block.serialise(KEEP_ALL)).toBe('A: 1\r\n');
    expect(copy.serialise(KEEP_ALL)).toBe('b: 2\r\n');
  });

  it('knows its known fields without comparing names', () => {
    const block = parse('Date: now\r\nVIA: 1.1 a\r\nVia:1.1 b\r\n');
    expect(block.valueOfKind(known.DATE)).toBe('now');
    expect(block.valuesOfKind(known.VIA)).toEqual(['1.1 a', '1.1 b']);
    expect(fieldsOf([['date', 'x']]).valueOfKind(known.DATE)).toBeUndefined();
  });
});
