/** Owns how a frame of `torus top` fills a terminal: what always stands there, and how the tables share the rest. */
import { failedShare } from '../../observability/status/change.js';
import {
  counted,
  showAge,
  showBytes,
  showLatency,
  showNumber,
  showShare,
} from '../../observability/status/format.js';
import { judge } from '../../observability/status/verdict.js';
import type { Level, Verdict } from '../../observability/status/verdict.js';
import { sectionsOf } from './sections.js';
import type { Section } from './sections.js';
import { line } from './view.js';
import type { Line, TopView } from './view.js';

export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

const MARKS: Readonly<Record<Level, string>> = { good: '✓', warning: '!', bad: '✕' };
const HEADLINES: Readonly<Record<Level, string>> = {
  good: 'All is well',
  warning: 'Worth a look',
  bad: 'Something is wrong',
};
const KEYS = 'q quit   s sort streams';

/** At most `rows` lines of at most `columns` characters. */
export const frameOf = (view: TopView, { columns, rows }: FrameSize, isInteractive = true): Line[] => {
  const head = [...titleOf(view), ...figuresOf(view), line('')];
  const foot = isInteractive ? [line(KEYS, 'muted')] : [];
  const body = share(sectionsOf(view), rows - head.length - foot.length);
  const filler = isInteractive
    ? Array.from({ length: Math.max(0, rows - head.length - body.length - foot.length) }, () => line(''))
    : [];
  return [...head, ...body, ...filler, ...foot]
    .slice(0, rows)
    .map(({ text, tone }) => ({ text: cut(text, columns), tone }));
};

const cut = (text: string, columns: number): string =>
  text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;

const titleOf = (view: TopView): Line[] => {
  const { instance, config, time } = view.status;
  const parts = [
    `Torus ${instance.version}`,
    `${instance.host}, pid ${instance.pid}`,
    `up ${showAge(instance.uptimeSeconds)}`,
    `generation ${config.generation}`,
    `${time.slice(11, 19)} UTC`,
  ];
  return [line(parts.join('   '), 'title'), verdictOf(view)];
};

const verdictOf = ({ status, lately, problem }: TopView): Line => {
  if (problem !== undefined) return line(`${MARKS.bad} No answer from the instance: ${problem}`, 'bad');
  const verdict = judge(status, lately);
  return line(`${MARKS[verdict.level]} ${HEADLINES[verdict.level]}${reasonsOf(verdict)}`, verdict.level);
};

const reasonsOf = ({ reasons: [first, ...rest] }: Verdict): string => {
  if (first === undefined) return '';
  return `: ${first.text}${rest.length === 0 ? '' : `, and ${counted(rest.length, 'more reason')}`}`;
};

const figuresOf = ({ status: { now }, lately }: TopView): Line[] => {
  const share = lately === undefined ? 0 : failedShare(lately);
  const latency = lately?.latency;
  const wait = (seconds: number | undefined): string => (seconds === undefined ? '-' : showLatency(seconds));
  return [
    line(
      [
        `Requests ${lately === undefined ? '-' : showNumber(lately.requestsPerSecond)}/s`,
        `Failed ${lately === undefined ? '-' : showShare(share)}`,
        `p50 ${wait(latency?.p50)}`,
        `p90 ${wait(latency?.p90)}`,
        `p99 ${wait(latency?.p99)}`,
      ].join('   '),
    ),
    line(
      [
        `In flight ${showNumber(now.exchanges)}`,
        `Clients ${showNumber(now.sockets.downstream)}`,
        `Upstream ${showNumber(now.sockets.upstream)}`,
        `Out ${showBytes(lately?.responseBytesPerSecond ?? 0)}/s`,
      ].join('   '),
    ),
  ];
};

/** Every table shows its title; rows are dealt in turn, so that a long table does not push out a short one. */
const share = (sections: readonly Section[], rows: number): Line[] => {
  const gaps = rows >= sections.length * 4 ? sections.length - 1 : 0;
  let left = rows - sections.length - gaps;
  const given = sections.map(() => 0);
  for (let dealt = true; left > 0 && dealt;) {
    dealt = false;
    for (const [at, { rows: own }] of sections.entries()) {
      if (left === 0 || (given[at] ?? 0) >= own.length) continue;
      given[at] = (given[at] ?? 0) + 1;
      left -= 1;
      dealt = true;
    }
  }
  return sections.flatMap(({ title, rows: own }, at) => [
    ...(at > 0 && gaps > 0 ? [line('')] : []),
    withRest(title, own.length - (given[at] ?? 0)),
    ...own.slice(0, given[at]),
  ]);
};

const withRest = ({ text, tone }: Line, hidden: number): Line =>
  line(hidden > 0 ? `${text}  +${hidden}` : text, tone);
