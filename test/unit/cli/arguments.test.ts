import { parseCommand } from '../../../src/cli/arguments.js';

describe('parseCommand', () => {
  it('runs when nothing is said', () => expect(parseCommand([])).toEqual({ verb: 'run', config: undefined }));
  it('reads the file for run, dev and check', () => {
    expect(parseCommand(['--config', 'a.yaml'])).toEqual({ verb: 'run', config: 'a.yaml' });
    expect(parseCommand(['dev', '-c', 'a.yaml'])).toEqual({ verb: 'dev', config: 'a.yaml' });
    expect(parseCommand(['check', '--print'])).toEqual({ verb: 'check', config: undefined, print: true });
  });
  it('reads claims as JSON where they are JSON, and as text otherwise', () => {
    const words = [
      'token',
      '--sub',
      'me',
      '--claim',
      'admin=true',
      '--claim',
      'team=a=b',
      '--scope',
      'x y',
      '--expires',
      '5m',
    ];
    expect(parseCommand(words)).toEqual({
      verb: 'token',
      token: {
        secret: undefined,
        subject: 'me',
        claims: { admin: true, team: 'a=b' },
        scope: 'x y',
        expires: '5m',
        algorithm: 'HS256',
      },
    });
  });
  it('answers help and version wherever they stand', () => {
    expect(parseCommand(['check', '--help']).verb).toBe('help');
    expect(parseCommand(['-v']).verb).toBe('version');
  });
  it.each([
    [['nope']],
    [['constructor']],
    [['run', 'extra']],
    [['--nope']],
    [['run', '--print']],
    [['token', '--claim', '=x']],
    [['--config']],
  ])('refuses %j', (words) => expect(parseCommand(words).verb).toBe('usage-error'));
});
