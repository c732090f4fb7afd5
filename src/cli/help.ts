/** Owns the help text, made from the lists of commands and options. */
import { OPTIONS } from './options.js';
import type { Option } from './options.js';
import { VERBS } from './verbs.js';

export const help = (): string => `Torus, a multi-core Layer 7 edge gateway

Usage: torus [command] [options]

Commands
${columns(Object.entries(VERBS).map(([name, { words, summary }]) => [join(name, words), summary]))}

Options
${columns(Object.entries(OPTIONS).map(([name, option]) => [optionForm(name, option), optionHelp(name, option)]))}

Without a file the environment alone configures it:
  TORUS_UPSTREAM=http://127.0.0.1:9000 JWT_SECRET=... torus`;

const join = (name: string, rest: string | undefined): string =>
  rest === undefined ? name : `${name} ${rest}`;

const optionForm = (name: string, { short, value }: Option): string =>
  join(`${short === undefined ? '    ' : `-${short}, `}--${name}`, value);

/** Which commands have it, where not all do. */
const optionHelp = (name: string, { help: text }: Option): string => {
  const verbs = Object.entries(VERBS).flatMap(([verb, { options }]) =>
    (options as readonly string[]).includes(name) ? [verb] : [],
  );
  return verbs.length === 0 ? text : `${text} (${verbs.join(', ')})`;
};

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
};
