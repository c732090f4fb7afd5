/** Owns the reading of the command line: words in, one command or one complaint out. */
import { parseArgs } from 'node:util';
import { nearestKey } from '../config/nearest-key.js';
import { OPTIONS } from './options.js';
import type { Option, OptionName, OptionValues } from './options.js';
import type { Verb } from './verb.js';
import { VERBS } from './verbs.js';

export type Command =
  | {
      readonly kind: 'verb';
      readonly name: string;
      readonly verb: Verb;
      readonly words: readonly string[];
      readonly options: OptionValues;
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'usage-error'; readonly problem: string };

/** Never throws: what cannot be understood becomes a `usage-error`. */
export const parseCommand = (words: readonly string[]): Command => {
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...words],
      options: OPTIONS,
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
    if (values.help === true) return { kind: 'help' };
    if (values.version === true) return { kind: 'version' };
    const twice = givenTwice(tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : [])));
    return twice === undefined ? commandOf(values, positionals) : usageError(`--${twice} is given twice`);
  } catch (error) {
    return usageError(error instanceof Error ? firstSentence(error.message) : 'the arguments cannot be read');
  }
};

/** The last one would win in silence, whichever was meant. */
const givenTwice = (names: readonly string[]): string | undefined => {
  const options: Readonly<Record<string, Option>> = OPTIONS;
  return names.find((name, at) => names.indexOf(name) !== at && options[name]?.multiple !== true);
};

const commandOf = (options: OptionValues, [name = 'run', ...words]: readonly string[]): Command => {
  if (name === 'help' || name === 'version') return { kind: name };
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb === undefined) return usageError(unknownCommand(name));
  const problem = wordsProblem(name, verb, words) ?? strayOption(name, verb, options);
  return problem === undefined ? { kind: 'verb', name, verb, words, options } : usageError(problem);
};

const unknownCommand = (name: string): string => {
  const nearest = nearestKey(name, Object.keys(VERBS));
  return `there is no command "${name}"${nearest === undefined ? '' : `: did you mean "${nearest}"?`}`;
};

const wordsProblem = (name: string, verb: Verb, words: readonly string[]): string | undefined => {
  const { least = 0, most = 0 } = verb;
  if (words.length < least) return `"${name}" needs ${verb.words ?? 'an argument'}`;
  return words.length > most ? `unexpected argument "${words[most] ?? ''}"` : undefined;
};

const strayOption = (name: string, verb: Verb, options: OptionValues): string | undefined => {
  const stray = Object.keys(options).find((option) => !verb.options.includes(option as OptionName));
  return stray === undefined ? undefined : `"${name}" has no option --${stray}`;
};

const firstSentence = (message: string): string => message.split('. ')[0] ?? message;

const usageError = (problem: string): Command => ({ kind: 'usage-error', problem });
