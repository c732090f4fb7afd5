/** When an HTTP/2 connection is asked for a sign of life, and when it is given up. */
import { PingWatch } from '../../../../src/proxy/upstream/ping-watch.js';
import { TimerWheel } from '../../../../src/proxy/timer-wheel.js';

const MINUTE_MS = 60_000;

/** A connection at a clock that the test turns. */
const world = (pingIntervalMs = 10_000) => {
  let nowMs = 0;
  const wheel = new TimerWheel(50, () => nowMs);
  const answers: ((error: Error | null) => void)[] = [];
  let silent = 0;
  let alive = 0;
  const settings = {
    maxConcurrentStreams: 100,
    streamWindowBytes: 65_536,
    connectionWindowBytes: 65_536,
    pingIntervalMs,
    pingTimeoutMs: 5_000,
  };
  const watch = new PingWatch(wheel, settings, {
    ping: (onAnswer) => answers.push(onAnswer) > 0,
    onSilent: () => (silent += 1),
    onAlive: () => (alive += 1),
  });
  const pass = (ms: number): void => {
    for (const endMs = nowMs + ms; nowMs < endMs;) {
      nowMs = Math.min(nowMs + 50, endMs);
      wheel.advance();
    }
  };
  wheel.dispose();
  return {
    watch,
    pass,
    pings: () => answers.length,
    answer: () => answers.at(-1)?.(null),
    silent: () => silent,
    alive: () => alive,
    now: () => nowMs,
  };
};

it('nobody is asked while nothing runs', () => {
  const { pass, pings } = world();
  pass(MINUTE_MS);
  expect(pings()).toBe(0);
});

it('who is silent for the interval is asked, and given up without an answer', () => {
  const { watch, pass, pings, silent } = world();
  watch.begin();
  pass(9_000);
  expect(pings()).toBe(0);
  pass(1_500);
  expect([pings(), silent()]).toEqual([1, 0]);
  pass(5_500);
  expect(silent()).toBe(1);
});

it('who is heard is not asked', () => {
  const { watch, pass, pings } = world();
  watch.begin();
  for (let at = 0; at < 20; at += 1) {
    pass(8_000);
    watch.heard();
  }
  expect(pings()).toBe(0);
});

it('who answered is asked again after five minutes at the earliest, while the silence lasts', () => {
  const { watch, pass, pings, answer } = world();
  watch.begin();
  pass(11_000);
  answer();
  pass(5 * MINUTE_MS);
  expect(pings()).toBe(1);
  pass(10_000);
  expect(pings()).toBe(2);
});

it('a new silence is a new question', () => {
  const { watch, pass, pings, answer } = world();
  watch.begin();
  pass(11_000);
  answer();
  watch.heard();
  pass(21_000);
  expect(pings()).toBe(2);
});

it('an exchange that saw nothing has it asked at once; until the answer nothing new is sent', () => {
  const { watch, pass, pings, answer, alive, now } = world();
  watch.begin();
  const sinceMs = now() + 100;
  pass(3_000);
  watch.suspect(sinceMs);
  expect([pings(), watch.isSuspect]).toEqual([1, true]);
  watch.end();
  answer();
  expect([watch.isSuspect, alive()]).toEqual([false, 1]);
});

it('an exchange that ran while others were heard suspects nobody', () => {
  const { watch, pass, pings, now } = world();
  watch.begin();
  const sinceMs = now();
  pass(3_000);
  watch.heard();
  watch.suspect(sinceMs);
  expect([pings(), watch.isSuspect]).toEqual([0, false]);
});

it('with an interval of 0 nobody is ever asked', () => {
  const { watch, pass, pings } = world(0);
  watch.begin();
  watch.suspect(1);
  pass(20 * MINUTE_MS);
  expect([pings(), watch.isSuspect]).toEqual([0, false]);
});
