/** Owns the judgement of what an upstream understood of forwarded requests, against what Torus itself had read of them. */
import type { RunningTorus } from '../support/index.js';
import { unlessKnown } from './corpus.js';
import { exchangeOn, type Answer } from './exchange.js';
import { comparableLine } from './comparable-line.js';
import type { Random } from './random.js';
import { readAll, type FuzzCase } from './read-requests.js';
import type { ReadMessage, Reading } from './reading.js';
import { openTorus } from './torus-requests.js';

export interface Tally {
  cases: number;
  /** Requests that an upstream answered as its own. */
  echoed: number;
  /** Requests that an upstream refused although Torus forwarded them. */
  refusedByPeer: number;
  findings: object[];
}

export const emptyTally = (): Tally => ({ cases: 0, echoed: 0, refusedByPeer: 0, findings: [] });

const comparable = (echo: string): string => {
  const space = echo.indexOf(' ');
  return comparableLine(echo.slice(0, space), echo.slice(space + 1));
};

/** Undefined when this answer may stand for this message. */
function misread(message: ReadMessage, answer: Answer | undefined): string | undefined {
  if (answer === undefined) return message.complete ? `no answer to ${message.line}` : undefined;
  if (answer.echo === undefined) return undefined;
  if (comparable(answer.echo) !== message.line) return `${message.line} was read as ${answer.echo}`;
  // An upstream may answer before it has the whole body.
  if (!message.complete || answer.size === undefined || answer.size === message.body.length) return undefined;
  return `${message.line} had ${String(message.body.length)} body bytes, ${String(answer.size)} were read`;
}

function judgeForwarded(reading: Reading, answers: readonly Answer[], tally: Tally): string | undefined {
  for (const [index, message] of reading.messages.entries()) {
    const answer = answers[index];
    if (answer === undefined && answers.at(-1)?.closes === true) return undefined;
    const wrong = misread(message, answer);
    if (wrong !== undefined) return wrong;
    if (answer?.echo !== undefined) tally.echoed += 1;
    else if (message.complete) tally.refusedByPeer += 1;
  }
  const surplus = answers.slice(reading.messages.length).filter(({ echo }) => echo !== undefined);
  return surplus.length === 0
    ? undefined
    : `nobody asked for ${surplus.map(({ echo }) => echo).join(' and ')}`;
}

const CANARIES = 12;

/** The next requests on whatever upstream connections are kept must be answered for themselves. */
async function judgeCanaries(port: number, random: Random): Promise<string | undefined> {
  const paths = Array.from({ length: CANARIES }, () => `/canary/${String(random.int(1e9))}`);
  const ask = (path: string): Promise<Answer[]> =>
    exchangeOn(port, { text: `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`, cuts: [] }, 1);
  const answers = await Promise.all(paths.map(ask));
  const wrong = answers.findIndex(
    (list, index) => list.length !== 1 || list[0]?.echo !== `GET ${paths[index] ?? ''}`,
  );
  return wrong < 0
    ? undefined
    : `canary ${paths[wrong] ?? ''} was answered ${JSON.stringify(answers[wrong])}`;
}

/** Sends every case through the gateway at once, then the canaries. */
export async function forwardAll(
  torus: RunningTorus,
  cases: readonly FuzzCase[],
  random: Random,
  tally: Tally,
): Promise<void> {
  const readings = await readAll(cases, openTorus);
  const expected = (index: number): number => {
    const reading = readings[index];
    return (
      (reading?.messages.filter(({ complete }) => complete).length ?? 0) +
      (reading?.refused === undefined ? 0 : 1)
    );
  };
  const port = torus.port();
  const answers = await Promise.all(cases.map((one, index) => exchangeOn(port, one, expected(index))));
  for (const [index, one] of cases.entries()) {
    const reading = readings[index];
    if (reading === undefined) continue;
    const wrong = unlessKnown('upstream', one.text, judgeForwarded(reading, answers[index] ?? [], tally));
    if (wrong !== undefined) tally.findings.push({ ...one, wrong, refused: reading.refused });
  }
  const poisoned = await judgeCanaries(port, random);
  if (poisoned !== undefined) tally.findings.push({ poisoned, cases });
  tally.cases += cases.length;
}

/** What a peer reads of the very bytes that Torus was given: it refuses them, or sees the messages that Torus sees. */
export async function compareReaders(
  peer: string,
  port: number,
  cases: readonly FuzzCase[],
  tally: Tally,
): Promise<void> {
  const readings = await readAll(cases, openTorus);
  const answers = await Promise.all(
    cases.map((one, index) => exchangeOn(port, one, readings[index]?.messages.length ?? 0)),
  );
  for (const [index, one] of cases.entries()) {
    const reading = readings[index];
    if (reading === undefined) continue;
    const wrong = unlessKnown(peer, one.text, judgeDirect(reading, answers[index] ?? [], tally));
    if (wrong !== undefined) tally.findings.push({ peer, ...one, wrong, refused: reading.refused });
  }
  tally.cases += cases.length;
}

function judgeDirect(reading: Reading, answers: readonly Answer[], tally: Tally): string | undefined {
  for (const [index, answer] of answers.entries()) {
    // A peer that refuses, or fails to answer, is no second opinion on what follows.
    if (answer.echo === undefined || answer.status >= 400) return undefined;
    const message = reading.messages[index];
    if (message === undefined) {
      const isOver = reading.refused !== undefined || reading.closed;
      return isOver ? undefined : `Torus waits where ${answer.echo} was read`;
    }
    if (!message.complete && reading.refused !== undefined) return undefined;
    if (comparable(answer.echo) !== message.line) return `${message.line} was read as ${answer.echo}`;
    if (answer.size !== undefined && message.complete && answer.size !== message.body.length)
      return `${message.line} had ${String(message.body.length)} body bytes, ${String(answer.size)} were read`;
    tally.echoed += 1;
  }
  return undefined;
}

/** The heads that a recorder was sent, without what differs from request to request by design. */
export const headsIn = (bytes: string): string =>
  bytes.replace(/^x-request-id: .*\r\n/gim, '').split('\r\n\r\n')[0] ?? '';
