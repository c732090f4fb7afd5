import { parseCommand } from '../../../src/cli/arguments.js';

describe('parseCommand', () => {
  const named = (words: readonly string[]) => {
    const command = parseCommand(words);
    return command.kind === 'verb'
      ? { name: command.name, words: command.words, options: command.options }
      : command;
  };

  it('runs when nothing is said', () => expect(named([])).toEqual({ name: 'run', words: [], options: {} }));

  it('reads the options of a command, wherever they stand', () => {
    expect(named(['--config', 'a.yaml'])).toEqual({ name: 'run', words: [], options: { config: 'a.yaml' } });
    expect(named(['dev', '-c', 'a.yaml'])).toMatchObject({ name: 'dev', options: { config: 'a.yaml' } });
    expect(named(['check', '--print'])).toMatchObject({ name: 'check', options: { print: true } });
    expect(named(['--admin', ':9', 'log-level', 'debug', '--worker', '2'])).toEqual({
      name: 'log-level',
      words: ['debug'],
      options: { admin: ':9', worker: '2' },
    });
  });

  it('keeps every value of an option that may be repeated', () => {
    expect(named(['token', '--claim', 'a=1', '--claim', 'b=2'])).toMatchObject({
      options: { claim: ['a=1', 'b=2'] },
    });
  });

  it('answers help and version wherever they stand', () => {
    expect(parseCommand(['check', '--help']).kind).toBe('help');
    expect(parseCommand(['-v']).kind).toBe('version');
    expect(parseCommand(['help']).kind).toBe('help');
  });

  it.each([
    [['nope'], 'there is no command "nope"'],
    [['expalin'], 'there is no command "expalin": did you mean "explain"?'],
    [['constructor'], 'there is no command "constructor"'],
    [['run', 'extra'], 'unexpected argument "extra"'],
    [['log-level'], '"log-level" needs LEVEL'],
    [['log-level', 'debug', 'info'], 'unexpected argument "info"'],
    [['check', '-c', 'a.yaml', '--config', 'b.yaml'], '--config is given twice'],
    [['check', '--print', '--print'], '--print is given twice'],
    [['run', '--print'], '"run" has no option --print'],
  ])('refuses %j and says what is wrong', (words, problem) =>
    expect(parseCommand(words)).toEqual({ kind: 'usage-error', problem }),
  );

  it.each([[['--nope']], [['--config']]])('refuses %j', (words) =>
    expect(parseCommand(words).kind).toBe('usage-error'),
  );
});
