import { TicketKeys } from '../../../../src/server/primary/ticket-keys.js';

const arrange = () => {
  const seen = { intervals: [] as number[], cancelled: 0, rotated: [] as string[] };
  let tick: () => void = () => undefined;
  const keys = new TicketKeys({
    rotationMs: 5000,
    scheduler: {
      now: () => 0,
      after: () => () => undefined,
      every: (intervalMs, run) => {
        seen.intervals.push(intervalMs);
        tick = run;
        return () => void (seen.cancelled += 1);
      },
    },
    log: { info: () => undefined },
    onRotated: (ticketKeys) => void seen.rotated.push(ticketKeys),
  });
  return { keys, seen, tick: () => tick() };
};

describe('TicketKeys', () => {
  it('are 48 random bytes from the beginning, and no two instances have the same', () => {
    const [one, other] = [arrange().keys.current(), arrange().keys.current()];
    expect(Buffer.from(one, 'base64')).toHaveLength(48);
    expect(one).not.toBe(other);
  });
  it('are replaced and told at every interval, until they stop', () => {
    const { keys, seen, tick } = arrange();
    const first = keys.current();
    keys.start();
    tick();
    const second = keys.current();
    tick();
    expect(new Set([first, ...seen.rotated]).size).toBe(3);
    expect(seen.rotated).toEqual([second, keys.current()]);
    keys.stop();
    expect(seen).toMatchObject({ intervals: [5000], cancelled: 1 });
  });
});
