import jwt from 'jsonwebtoken';
import { printToken } from '../../../src/cli/token.js';
import type { OptionValues } from '../../../src/cli/options.js';

describe('printToken', () => {
  const print = (options: OptionValues) => {
    const lines: string[] = [];
    const problems: string[] = [];
    const output = {
      line: (text: string) => lines.push(text),
      problem: (text: string) => problems.push(text),
    };
    const exitCode = printToken({ secret: 'a secret of the test', ...options }, {}, output);
    return { exitCode, token: lines[0] ?? '', problems };
  };

  it('signs claims: as JSON where they are JSON, and as text otherwise', () => {
    const { token } = print({ sub: 'me', claim: ['admin=true', 'team=a=b'], scope: 'x y', expires: '5m' });
    const claims = jwt.verify(token, 'a secret of the test') as { iat: number };
    expect(claims).toEqual({
      ...{ sub: 'me', admin: true, team: 'a=b', scope: 'x y' },
      ...{ iat: claims.iat, exp: claims.iat + 300 },
    });
  });

  it('refuses a claim without a name', () => {
    expect(print({ claim: ['a=1', '=x'] })).toMatchObject({
      exitCode: 1,
      problems: ['torus token: --claim =x: write name=value'],
    });
  });

  it.each(['5x', '', 'soon', '1h 5m'])('refuses to expire in "%s", in words of its own', (expires) => {
    expect(print({ expires })).toMatchObject({
      exitCode: 1,
      problems: ['torus token: --expires must be a duration, like 15m'],
    });
  });

  it.each([
    ['90', 90],
    ['15m', 900],
    ['7d', 604_800],
    ['-1h', -3600],
  ])('takes %s to expire', (expires, seconds) => {
    const { iat, exp } = jwt.decode(print({ expires }).token) as { iat: number; exp: number };
    expect(exp - iat).toBe(seconds);
  });

  it('refuses an algorithm that is not of a shared secret', () => {
    expect(print({ algorithm: 'none' }).exitCode).toBe(1);
  });
});
