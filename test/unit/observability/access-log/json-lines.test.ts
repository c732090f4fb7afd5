import { fieldsOf } from '../../../../src/http/field-block.js';
import { jsonLines } from '../../../../src/observability/access-log/json-lines.js';
import { endedExchange, onTheWire } from './ended-exchange.js';

const parse = (line: string): Record<string, unknown> => JSON.parse(line) as Record<string, unknown>;

describe('JSON lines', () => {
  const lines = jsonLines(9, {});

  it('hold an exchange without the values of its query', () => {
    const line = lines.completed(endedExchange(), 5);
    expect(line).not.toContain('hunter2');
    expect(line.endsWith('}\n')).toBe(true);
    expect(parse(line)).toMatchObject({
      msg: 'access',
      time: 5,
      pid: 9,
      path: '/a"b',
      query: true,
      userAgent: 'ua "é"',
      durationMs: 1.235,
    });
    expect(parse(line)).not.toHaveProperty('connectMs');
    expect(parse(line)).not.toHaveProperty('fields');
  });

  it('hold requests that never became an exchange', () => {
    const line = lines.rejected(
      {
        id: 'a-1',
        listener: 'edge',
        status: 400,
        cause: 'downstream.head.malformed',
        detail: undefined,
        client: '10.0.0.1',
      },
      5,
    );
    expect(parse(line)).toMatchObject({ id: 'a-1', msg: 'access', status: 400, client: '10.0.0.1' });
  });

  it('hold the further fields that have a value', () => {
    const { completed } = jsonLines(9, {
      tenant: { kind: 'header', name: 'x-tenant' },
      missing: { kind: 'header', name: 'x-missing' },
      user: { kind: 'claim', name: 'sub' },
      roles: { kind: 'claim', name: 'roles' },
    });
    const identity = { subject: 'ann', claims: { sub: 'ann', roles: ['a', 'b'] } };
    expect(parse(completed(endedExchange({ identity }), 5))['fields']).toEqual({
      tenant: 'blue',
      user: 'ann',
      roles: '["a","b"]',
    });
    expect(parse(completed(endedExchange(), 5))['fields']).toEqual({ tenant: 'blue' });
  });

  it.each([
    ['referer', 'https://ann:hunter2@a.test/b?token=hunter2#hunter2', 'https://a.test/b'],
    ['referer', '?token=hunter2', ''],
    ['location', '//ann:hunter2@a.test/b@c', '//a.test/b@c'],
    ['x-original-uri', 'b?token=hunter2', 'b'],
    ['x-back', '/b?token=hunter2', '/b'],
    ['x-back', 'HTTPS://ann@a.test?hunter2', 'HTTPS://a.test'],
    ['x-question', 'why? because', 'why? because'],
  ])('hold of a URL in %s (%s) neither query nor fragment nor password', (name, value, shown) => {
    const { completed } = jsonLines(9, { it: { kind: 'header', name } });
    const line = completed(endedExchange({}, { fields: fieldsOf([[name, value]]) }), 5);
    expect(parse(line)['fields']).toEqual({ it: shown });
  });

  const agentOf = (value: string): { readonly line: string; readonly agent: unknown } => {
    const line = lines.completed(endedExchange({}, { fields: fieldsOf([['user-agent', value]]) }), 5);
    return { line, agent: parse(line)['userAgent'] };
  };

  it('hold the text that the bytes of a field are', () => {
    expect(agentOf(onTheWire('é 日本 🙂'))).toMatchObject({
      agent: 'é 日本 🙂',
      line: expect.stringContaining('"é 日本 🙂"'),
    });
  });

  it('hold the bytes of a field that are no text, escaped', () => {
    expect(agentOf('caf\xe9 \x9b31m').line).toContain('"caf\\u00e9 \\u009b31m"');
  });

  it('hold no control character that a terminal acts upon', () => {
    const identity = { subject: undefined, claims: { note: 'a\u009b1mé' } };
    const { completed } = jsonLines(9, { note: { kind: 'claim', name: 'note' } });
    expect(completed(endedExchange({ identity }), 5)).toContain('"a\\u009b1mé"');
    expect(agentOf(onTheWire('\u009b31m')).line).toContain('"\\u009b31m"');
  });

  it('cut a text between its characters', () => {
    expect(agentOf(onTheWire('é'.repeat(3000))).agent).toBe('é'.repeat(1024));
  });
});
