/** Owns the way from words on the command line to the command that they name, and to its exit code. */
import { AdminFailure } from './admin-failure.js';
import { parseCommand } from './arguments.js';
import type { Command } from './arguments.js';
import { outputFailure, terminal } from './output.js';

export interface Invocation {
  readonly words: readonly string[];
  readonly cwd: string;
  /** The file that the program was started with, and that workers run. */
  readonly entry: string;
}

/** The command could not do what it is for: it was not understood, or nobody answered. */
const TROUBLE_EXIT_CODE = 2;

/** Runs the command to its end and returns the exit code. */
export const runCommand = async (invocation: Invocation): Promise<number> => {
  try {
    return await written(await dispatch(parseCommand(invocation.words), invocation));
  } catch (error) {
    if (!(error instanceof AdminFailure)) throw error;
    return complain(error.message, TROUBLE_EXIT_CODE);
  }
};

/** An answer that did not arrive is none: a full disk must not look like success. */
const written = async (exitCode: number): Promise<number> => {
  const failure = await outputFailure();
  if (failure === undefined) return exitCode;
  return complain(`the output cannot be written: ${failure.message}`, TROUBLE_EXIT_CODE);
};

const dispatch = async (command: Command, { cwd, entry }: Invocation): Promise<number> => {
  switch (command.kind) {
    case 'verb': {
      const { verb, words, options } = command;
      return verb.run({ words, options, cwd, entry, output: terminal });
    }
    case 'help':
      return print((await import('./help.js')).help());
    case 'version':
      return print((await import('../config/installation.js')).installationOf(entry).version);
    case 'usage-error':
      return complain(`${command.problem}\nTry: torus --help`, TROUBLE_EXIT_CODE);
  }
};

const print = (text: string): number => {
  terminal.line(text);
  return 0;
};

const complain = (problem: string, exitCode: number): number => {
  terminal.problem(`torus: ${problem}`);
  return exitCode;
};
