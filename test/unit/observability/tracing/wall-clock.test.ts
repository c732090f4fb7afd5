import { WallClock } from '../../../../src/observability/tracing/wall-clock.js';

describe('WallClock', () => {
  it('keeps its finer origin against the grain of the system clock, and follows one that was set', () => {
    let wallMs = 1_000_100;
    const clock = new WallClock(
      () => 100,
      () => wallMs,
      1_000_000.25,
    );
    clock.adjust();
    expect(clock.epochMs).toBe(1_000_000.25);
    wallMs += 3_600_000;
    clock.adjust();
    expect(clock.epochMs).toBe(4_600_000);
  });
});
