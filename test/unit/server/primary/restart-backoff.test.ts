import { RestartBackoff } from '../../../../src/server/primary/restart-backoff.js';

const backoff = (random = 0.999999) =>
  new RestartBackoff({
    limits: () => ({ minMs: 100, maxMs: 1000, healthyAfterMs: 10_000 }),
    random: () => random,
  });

describe('RestartBackoff', () => {
  it('answers the first crash at once and the next ones at doubling distance up to the limit', () => {
    const slot = backoff();
    expect(Array.from({ length: 7 }, () => slot.nextDelayMs(0))).toEqual([0, 100, 200, 400, 800, 1000, 1000]);
  });
  it('starts anew after a worker that lived a while', () => {
    const slot = backoff();
    slot.nextDelayMs(0);
    slot.nextDelayMs(0);
    expect(slot.nextDelayMs(10_000)).toBe(0);
  });
  it('spreads delays between half and all', () => {
    const slot = backoff(0);
    slot.nextDelayMs(0);
    expect(slot.nextDelayMs(0)).toBe(50);
  });
  it('stays finite however long the loop lasts', () => {
    const slot = backoff();
    for (let index = 0; index < 2000; index += 1) slot.nextDelayMs(0);
    expect(slot.nextDelayMs(0)).toBe(1000);
  });
});
