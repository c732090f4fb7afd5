/** Owns how findings are shown to people: a line each, what to do below it, and a sum. */
import { counted } from '../../observability/status/format.js';
import type { Finding, Level } from './finding.js';

const MARKS: Readonly<Record<Level, string>> = { ok: '✓', warning: '!', problem: '✗' };
const MAX_SUBJECT = 28;

export const renderFindings = (findings: readonly Finding[]): string[] => {
  const width = Math.min(MAX_SUBJECT, Math.max(0, ...findings.map(({ subject }) => subject.length)));
  return [...findings.flatMap((finding) => linesOf(finding, width)), '', sumOf(findings)];
};

const linesOf = ({ subject, level, message, advice }: Finding, width: number): string[] => [
  `${MARKS[level]} ${subject.padEnd(width)}  ${message}`,
  ...(advice === undefined ? [] : [`  ${' '.repeat(width)}  → ${advice}`]),
];

const sumOf = (findings: readonly Finding[]): string => {
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  if (count('problem') === 0 && count('warning') === 0) return 'All is well.';
  return `${counted(count('problem'), 'problem')}, ${counted(count('warning'), 'warning')}.`;
};
