/** Owns the reading of the command line: words in, one command or one complaint out. */
import { parseArgs } from 'node:util';

export type Command =
  | { readonly verb: 'run'; readonly config: string | undefined }
  | { readonly verb: 'dev'; readonly config: string | undefined }
  | { readonly verb: 'check'; readonly config: string | undefined; readonly print: boolean }
  | { readonly verb: 'token'; readonly token: TokenRequest }
  | { readonly verb: 'help' }
  | { readonly verb: 'version' }
  | { readonly verb: 'usage-error'; readonly problem: string };

export interface TokenRequest {
  readonly secret: string | undefined;
  readonly subject: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly scope: string | undefined;
  /** Seconds, or a text such as `1h`. */
  readonly expires: string;
  readonly algorithm: string;
}

const OPTIONS = {
  config: { type: 'string', short: 'c' },
  print: { type: 'boolean' },
  secret: { type: 'string' },
  sub: { type: 'string' },
  claim: { type: 'string', multiple: true },
  scope: { type: 'string' },
  expires: { type: 'string' },
  algorithm: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

/** Which options each verb understands. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  run: ['config'],
  dev: ['config'],
  check: ['config', 'print'],
  token: ['secret', 'sub', 'claim', 'scope', 'expires', 'algorithm'],
};

type Values = ReturnType<typeof parse>['values'];

/** Never throws: what cannot be understood becomes a `usage-error`. */
export const parseCommand = (words: readonly string[]): Command => {
  try {
    const { values, positionals } = parse(words);
    if (values.help === true) return { verb: 'help' };
    if (values.version === true) return { verb: 'version' };
    return commandOf(values, positionals);
  } catch (error) {
    return usageError(error instanceof Error ? firstSentence(error.message) : 'the arguments cannot be read');
  }
};

const parse = (words: readonly string[]) =>
  parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true, strict: true });

const commandOf = (values: Values, [verb = 'run', ...rest]: readonly string[]): Command => {
  if (verb === 'help' || verb === 'version') return { verb };
  const allowed = Object.hasOwn(ALLOWED, verb) ? ALLOWED[verb] : undefined;
  if (allowed === undefined) return usageError(`there is no command "${verb}"`);
  if (rest[0] !== undefined) return usageError(`unexpected argument "${rest[0]}"`);
  const stray = Object.keys(values).find((name) => !allowed.includes(name));
  if (stray !== undefined) return usageError(`"${verb}" has no option --${stray}`);
  return withOptions(verb, values);
};

const withOptions = (verb: string, values: Values): Command => {
  switch (verb) {
    case 'token':
      return tokenCommand(values);
    case 'check':
      return { verb, config: values.config, print: values.print === true };
    case 'dev':
      return { verb, config: values.config };
    default:
      return { verb: 'run', config: values.config };
  }
};

const tokenCommand = (values: Values): Command => {
  const pairs = (values.claim ?? []).map(parseClaim);
  const broken = pairs.findIndex((pair) => pair === undefined);
  if (broken >= 0) return usageError(`--claim ${values.claim?.[broken] ?? ''}: write name=value`);
  return {
    verb: 'token',
    token: {
      secret: values.secret,
      subject: values.sub,
      claims: Object.fromEntries(pairs.filter((pair) => pair !== undefined)),
      scope: values.scope,
      expires: values.expires ?? '1h',
      algorithm: values.algorithm ?? 'HS256',
    },
  };
};

// `admin=true` and `level=3` are what JSON takes them for; everything that is no JSON is text.
const parseClaim = (text: string): readonly [string, unknown] | undefined => {
  const at = text.indexOf('=');
  if (at < 1) return undefined;
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value) as unknown];
  } catch {
    return [text.slice(0, at), value];
  }
};

const firstSentence = (message: string): string => message.split('. ')[0] ?? message;

const usageError = (problem: string): Command => ({ verb: 'usage-error', problem });
