import { BodyPace } from '../../../../src/proxy/listener/body-pace.js';

const GAP_MS = 1_000;
const RATE = 100;

describe('BodyPace', () => {
  it('waits a whole gap for a body that keeps its rate, and never longer', () => {
    const pace = new BodyPace(GAP_MS, RATE);
    for (let nowMs = 0; nowMs < 100_000; nowMs += 500) {
      expect(pace.start(nowMs)).toBe(GAP_MS);
      pace.received(50, nowMs + 500);
    }
    pace.received(1_000_000, 100_000);
    expect([pace.start(100_000), pace.isSlow]).toEqual([GAP_MS, false]);
  });

  it('waits ever shorter for one that is too slow, until hardly at all', () => {
    const pace = new BodyPace(GAP_MS, RATE);
    const waits: number[] = [];
    for (let nowMs = 0; nowMs < 700; nowMs += 100) {
      waits.push(pace.start(nowMs));
      pace.received(1, nowMs + 100);
    }
    expect(waits).toEqual([1000, 910, 820, 730, 640, 550, 460]);
    expect(pace.isSlow).toBe(true);
  });

  it('takes no bytes that come when nothing is left, and always leaves a timer something to wait for', () => {
    const pace = new BodyPace(GAP_MS, RATE);
    pace.start(0);
    expect(pace.received(1, GAP_MS - 1)).toBe(true);
    expect(pace.start(GAP_MS - 1)).toBe(11);
    pace.stop(GAP_MS + 20);
    expect(pace.start(GAP_MS + 20)).toBe(1);
    expect(pace.received(1_000_000, GAP_MS + 21)).toBe(false);
  });

  it('does not count the time in which nobody reads', () => {
    const pace = new BodyPace(GAP_MS, RATE);
    pace.start(0);
    pace.stop(300);
    pace.stop(90_000);
    expect(pace.start(90_000)).toBe(700);
  });

  it('gives a whole gap for any byte when there is no rate', () => {
    const pace = new BodyPace(GAP_MS, 0);
    pace.start(0);
    expect(pace.received(0, GAP_MS + 10)).toBe(true);
    expect(pace.start(GAP_MS + 10)).toBe(GAP_MS);
  });
});
