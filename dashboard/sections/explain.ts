/** Owns the form that asks what would become of a request, and the answer: in the words of `torus explain`. */
import { explanationLines } from '../../src/cli/explain-text.js';
import type { ExplainedVerdict, Explanation } from '../../src/contracts/explanation.js';
import { ask } from '../api.js';
import { byId, byIdAs, make } from '../dom.js';

const LEVELS: Readonly<Record<ExplainedVerdict['outcome'], string>> = {
  forwarded: 'good',
  answered: 'good',
  depends: 'warning',
  refused: 'bad',
};

/** At the start of a row, after its indent. */
const MARKS: Readonly<Record<string, string>> = { '✓': 'good', '✗': 'bad', '?': 'warning' };

export class ExplainSection {
  readonly #form = byIdAs('explain-form', HTMLFormElement);
  readonly #answer = byId('explain-answer');

  constructor() {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    const reply = await ask<Explanation>('POST', '/explain', questionIn(new FormData(this.#form)));
    if (reply.kind === 'ok') this.#show(reply.value);
    else this.#complain(reply.kind === 'failed' ? reply.problem : 'this instance cannot be asked');
  }

  #complain(problem: string): void {
    this.#answer.replaceChildren(make('p', { class: 'answer', 'data-level': 'bad', text: problem }));
  }

  #show(explanation: Explanation): void {
    const [summary = '', ...lines] = explanationLines(explanation);
    const level = LEVELS[explanation.verdict.outcome];
    const parts = make('div', { class: 'parts' }, ...lines.filter((text) => text !== '').map(lineOf));
    this.#answer.replaceChildren(make('p', { class: 'answer', 'data-level': level, text: summary }), parts);
  }
}

/** Titles stand at the margin, rows are indented. */
const lineOf = (text: string): HTMLElement => {
  const row = text.trimStart();
  if (row === text) return make('h3', { text });
  const level = MARKS[row.charAt(0)];
  return make('p', { class: 'row', text: row, ...(level === undefined ? {} : { 'data-level': level }) });
};

const questionIn = (form: FormData): object => {
  const field = (name: string): string => {
    const value = form.get(name);
    return typeof value === 'string' ? value.trim() : '';
  };
  const headers = field('headers')
    .split('\n')
    .map((written) => written.trim())
    .filter((written) => written !== '');
  return {
    method: field('method') || 'GET',
    url: field('url'),
    headers,
    ...(field('client') === '' ? {} : { client: field('client') }),
  };
};
