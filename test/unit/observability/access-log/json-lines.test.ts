import { jsonLines } from '../../../../src/observability/access-log/json-lines.js';
import { endedExchange } from './ended-exchange.js';

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
});
