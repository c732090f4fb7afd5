/** Owns the checks of the Node.js that runs Torus. */
import { ok, problem, warning } from './finding.js';
import type { Finding } from './finding.js';

const SUBJECT = 'node';
const FLOOR = [20, 20] as const;
/** End of life of each line that has long-term support (nodejs/Release, schedule.json). Odd lines end within the year. */
const END_OF_LIFE: Readonly<Record<number, string>> = {
  20: '2026-04-30',
  22: '2027-04-30',
  24: '2028-04-30',
  26: '2029-04-30',
};
/** From then on a listener may have a socket in each worker (`accept: reuse-port`). */
const REUSE_PORT = [22, 12] as const;

interface Versions {
  readonly node: string;
  readonly openssl: string;
}

export const checkNode = (versions: Versions, nowMs: number): readonly Finding[] => {
  const { node, openssl } = versions;
  if (!isAtLeast(node, FLOOR))
    return [problem(SUBJECT, `Node.js ${node} is too old`, `Torus needs ${FLOOR.join('.')} or newer.`)];
  return [lifeOf(node, nowMs), ok(SUBJECT, `OpenSSL ${openssl}${modesOf(node)}`)];
};

const lifeOf = (node: string, nowMs: number): Finding => {
  const end = END_OF_LIFE[majorOf(node)];
  const advice = `Take the newest line with long-term support (${newestLine(nowMs)}).`;
  if (end === undefined)
    return majorOf(node) % 2 === 1
      ? warning(SUBJECT, `Node.js ${node} is of a line without long-term support`, advice)
      : ok(SUBJECT, `Node.js ${node}`);
  if (Date.parse(end) < nowMs)
    return warning(SUBJECT, `Node.js ${node} gets no security fixes any more (since ${end})`, advice);
  return ok(SUBJECT, `Node.js ${node}, maintained until ${end}`);
};

/** New lines come out in April and have long-term support from October on. */
const newestLine = (nowMs: number): string => {
  const known = Object.entries(END_OF_LIFE).filter(([, end]) => Date.parse(end) - nowMs > 0);
  const settled = known.filter(([, end]) => Date.parse(end) - nowMs < LTS_SPAN_MS);
  return (settled.at(-1) ?? known.at(-1))?.[0] ?? 'see nodejs.org';
};

/** From October of its first year to its end of life: thirty months. */
const LTS_SPAN_MS = 30 * 30.5 * 86_400_000;

const modesOf = (node: string): string =>
  isAtLeast(node, REUSE_PORT) ? '' : `; accept: reuse-port needs Node.js ${REUSE_PORT.join('.')}`;

const majorOf = (node: string): number => Number(node.split('.')[0]);

const isAtLeast = (node: string, [major, minor]: readonly [number, number]): boolean => {
  const [haveMajor = 0, haveMinor = 0] = node.split('.').map(Number);
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
};
