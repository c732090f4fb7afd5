/** Owns the colours of the terminal. */
import type { Line, Tone } from './view.js';

const CODES: Readonly<Record<Tone, string>> = {
  good: '32',
  warning: '33',
  bad: '31',
  title: '1',
  muted: '2',
  plain: '',
};

export const paint = ({ text, tone }: Line, isColoured: boolean): string =>
  isColoured && CODES[tone] !== '' && text !== '' ? `\u001b[${CODES[tone]}m${text}\u001b[0m` : text;
