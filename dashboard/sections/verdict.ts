/** Owns the first thing on the page: is all well, and if not, why. */
import { counted } from '../../src/observability/status/format.js';
import type { Level, Verdict } from '../../src/observability/status/verdict.js';
import { byId, setList, setText, show } from '../dom.js';

const HEADLINES: Readonly<Record<Level, string>> = {
  good: 'All is well',
  warning: 'Worth a look',
  bad: 'Something is wrong',
};
/** The level is told by shape too, not by colour alone. */
const MARKS: Readonly<Record<Level, string>> = { good: '✓', warning: '!', bad: '✕' };

export class VerdictSection {
  readonly #section = byId('verdict');
  readonly #more = byId('verdict-more');

  update({ level, reasons }: Verdict, calm: string): void {
    const [first, ...rest] = reasons.map(({ text }) => text);
    this.#write(level, first ?? calm);
    show(this.#more, rest.length > 0);
    setText(byId('verdict-count'), counted(rest.length, 'more reason'));
    setList(byId('verdict-list'), rest);
    document.title = `${MARKS[level]} Torus`;
  }

  /** There is no document to judge. */
  unreachable(problem: string): void {
    this.#write('bad', problem, 'No answer from the instance');
    show(this.#more, false);
    document.title = `${MARKS.bad} Torus`;
  }

  #write(level: Level, reason: string, headline = HEADLINES[level]): void {
    this.#section.dataset['level'] = level;
    setText(byId('verdict-mark'), MARKS[level]);
    setText(byId('verdict-headline'), headline);
    setText(byId('verdict-reason'), sentence(reason));
  }
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
