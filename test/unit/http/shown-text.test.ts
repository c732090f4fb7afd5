/** What people see of bytes that strangers chose. */
import { harmlessLines, harmlessText, shownFieldValue } from '../../../src/http/shown-text.js';

const wire = (text: string): string => Buffer.from(text).toString('latin1');

describe('the value of a field', () => {
  it('is shown as the text that its bytes are', () => {
    expect(shownFieldValue('plain')).toBe('plain');
    expect(shownFieldValue(wire('é 日本 🙂'))).toBe('é 日本 🙂');
  });

  it('is shown by its bytes where they are no text', () => {
    expect(shownFieldValue('caf\xe9')).toBe('caf\\u00e9');
    expect(shownFieldValue(`${wire('é')}\x9b`)).toBe('\\u00c3\\u00a9\\u009b');
  });

  it('sends nothing to a terminal that it would act upon', () => {
    expect(shownFieldValue('\x9b31m')).toBe('\\u009b31m');
    expect(shownFieldValue(wire('\u009b31m'))).toBe('\\u009b31m');
    expect(shownFieldValue(wire('a\u202eb\u2066c'))).toBe('a\\u202eb\\u2066c');
  });
});

describe('a text', () => {
  it('is harmless without control characters', () => {
    expect(harmlessText('a\u001b[2J\n\u007f\u009bé')).toBe('a\\u001b[2J\\u000a\\u007f\\u009bé');
  });

  it('of many lines keeps these, and its colours', () => {
    expect(harmlessLines('\u001b[32mok\u001b[0m\n\tat x\r\u001b[2J\u009b1m')).toBe(
      '\u001b[32mok\u001b[0m\n\tat x\\u000d\\u001b[2J\\u009b1m',
    );
  });
});
