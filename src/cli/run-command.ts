/** Owns the way from words on the command line to the command that they name. Each command loads only itself. */
import { parseCommand } from './arguments.js';
import type { Command } from './arguments.js';
import { terminal } from './output.js';

export interface Invocation {
  readonly words: readonly string[];
  readonly cwd: string;
  /** The file that workers run. */
  readonly workerEntry: string;
}

const USAGE_EXIT_CODE = 2;

/** Runs the command to its end and returns the exit code. */
export const runCommand = async (invocation: Invocation): Promise<number> =>
  dispatch(parseCommand(invocation.words), invocation);

const dispatch = (command: Command, { cwd, workerEntry }: Invocation): Promise<number> => {
  switch (command.verb) {
    case 'run':
      return import('./run.js').then(({ run }) => run({ file: command.config, cwd, workerEntry }));
    case 'dev':
      return import('./dev.js').then(({ dev }) => dev({ file: command.config, cwd, workerEntry }, terminal));
    case 'check':
      return check(command, cwd);
    case 'token':
      return token(command, cwd);
    case 'help':
      return import('./help.js').then(({ HELP }) => print(HELP.trimEnd()));
    case 'version':
      return import('./version.js').then(({ readVersion }) => print(readVersion()));
    case 'usage-error':
      return Promise.resolve(complain(command.problem));
  }
};

const check = async (
  { config, print: wanted }: Extract<Command, { verb: 'check' }>,
  cwd: string,
): Promise<number> => {
  const [{ checkConfig }, { readEnvironment }] = await Promise.all([
    import('./check.js'),
    import('../config/index.js'),
  ]);
  return checkConfig({ file: config, print: wanted, cwd, env: readEnvironment(cwd) }, terminal);
};

const token = async (command: Extract<Command, { verb: 'token' }>, cwd: string): Promise<number> => {
  const [{ printToken }, { readEnvironment }] = await Promise.all([
    import('./token.js'),
    import('../config/index.js'),
  ]);
  return printToken(command.token, readEnvironment(cwd), terminal);
};

const print = (text: string): number => {
  terminal.line(text);
  return 0;
};

const complain = (problem: string): number => {
  terminal.problem(`torus: ${problem}\nTry: torus --help`);
  return USAGE_EXIT_CODE;
};
