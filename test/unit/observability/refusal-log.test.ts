import { RefusalLog } from '../../../src/observability/refusal-log.js';
import { FakeScheduler } from '../../support/fake-scheduler.js';

const arrange = () => {
  const time = new FakeScheduler();
  const lines: object[] = [];
  const log = new RefusalLog({
    warn: (facts, message) => void lines.push({ ...facts, message }),
    after: (delayMs, run) => void time.after(delayMs, run),
  });
  return { time, lines, log };
};

const line = (refused: number, reason = 'cap', listener = 'edge') => ({
  listener,
  reason,
  refused,
  message: 'Connections refused',
});

describe('the log of refused connections', () => {
  it('tells the first at once, and the others together after a while', () => {
    const { time, lines, log } = arrange();
    for (let index = 0; index < 1000; index += 1) log.refused('edge', 'cap');
    expect(lines).toEqual([line(1)]);
    time.advance(60_000);
    expect(lines).toEqual([line(1), line(999)]);
    log.refused('edge', 'cap');
    expect(lines).toEqual([line(1), line(999), line(1)]);
  });

  it('tells listeners and reasons apart', () => {
    const { time, lines, log } = arrange();
    log.refused('edge', 'cap');
    log.refused('edge', 'overload');
    log.refused('plain', 'overload');
    log.refused('plain', 'overload');
    time.advance(60_000);
    expect(lines).toEqual([line(1), line(1, 'overload'), line(2, 'overload', 'plain')]);
  });

  it('leaves those with a line of their own in the access log to that', () => {
    const { lines, log } = arrange();
    log.refused('edge', 'proxy-header');
    expect(lines).toEqual([]);
  });
});
