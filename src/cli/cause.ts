/** Owns `torus cause`: what a word of the access log means and what to do about it, or the list of all of them. */
import type { Cause } from '../contracts/cause.js';
import { CAUSE_ADVICE } from '../errors/cause-advice.js';
import { CAUSES } from '../errors/causes.js';
import { proxyErrorOf } from '../errors/proxy-errors.js';
import type { Output } from './output.js';

/** Explains a cause, or every one that begins with the word; without a word, lists all. Exit code 1 when there is none. */
export const explainCause = (word: string | undefined, output: Output): number => {
  const causes = Object.keys(CAUSES).filter(isCause);
  if (word === undefined) {
    for (const cause of causes) output.line(`${cause.padEnd(NAME_WIDTH)} ${CAUSES[cause].title}`);
    return 0;
  }
  const found = causes.filter((cause) => cause === word || cause.startsWith(`${word}.`));
  if (found.length === 0) {
    output.problem(`torus cause: there is no cause "${word}". \`torus cause\` lists them.`);
    return 1;
  }
  output.line(found.map(describe).join('\n\n'));
  return 0;
};

const NAME_WIDTH = 42;

const isCause = (word: string): word is Cause => word in CAUSES;

const describe = (cause: Cause): string => {
  const { status, title } = CAUSES[cause];
  const answer = status === 0 ? 'none: nothing can be answered any more' : answerOf(cause, status);
  return [
    cause,
    `  What happened  ${title}.`,
    `  Answer         ${answer}`,
    `  What to do     ${plain(CAUSE_ADVICE[cause])}`,
  ].join('\n');
};

/** A link as the file that it leads to. */
const plain = (advice: string): string => advice.replaceAll(/\[[^\]]+\]\(([^)]+)\)/g, 'docs/$1');

const answerOf = (cause: Cause, status: number): string =>
  status < 400 ? String(status) : `${String(status)}, Proxy-Status error ${proxyErrorOf(cause)}`;
