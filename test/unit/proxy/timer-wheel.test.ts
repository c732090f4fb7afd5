import { TimerWheel } from '../../../src/proxy/timer-wheel.js';

describe('TimerWheel', () => {
  let now = 0;
  let wheel: TimerWheel;
  const fired: string[] = [];
  const advanceTo = (ms: number): void => {
    now = ms;
    wheel.advance();
  };

  beforeEach(() => {
    now = 0;
    fired.length = 0;
    wheel = new TimerWheel(50, () => now);
  });
  afterEach(() => {
    wheel.dispose();
  });

  const timer = (name: string): ReturnType<TimerWheel['create']> => wheel.create(() => fired.push(name));

  it('fires once, not before its time and at most one tick late', () => {
    timer('a').arm(120);
    advanceTo(100);
    expect(fired).toEqual([]);
    advanceTo(150);
    advanceTo(5000);
    expect(fired).toEqual(['a']);
  });

  it('tells how long it is until one fires, to the tick', () => {
    const armed = timer('a');
    expect(armed.remainingMs).toBe(0);
    armed.arm(1000);
    advanceTo(300);
    expect(armed.remainingMs).toBe(700);
    armed.arm(10_000);
    expect(armed.remainingMs).toBe(10_000);
    armed.disarm();
    expect(armed.remainingMs).toBe(0);
  });

  it('keeps deadlines beyond one turn of the wheel', () => {
    timer('hour').arm(3_600_000);
    for (let ms = 0; ms < 3_600_000; ms += 20_000) advanceTo(ms);
    expect(fired).toEqual([]);
    advanceTo(3_600_050);
    expect(fired).toEqual(['hour']);
  });

  it('fires what is due after a blocked loop, however long', () => {
    timer('soon').arm(100);
    timer('later').arm(40_000);
    advanceTo(1_000_000);
    expect(fired.sort()).toEqual(['later', 'soon']);
  });

  it('re-arming moves the deadline and disarming removes it', () => {
    const moved = timer('moved');
    moved.arm(100);
    moved.arm(300);
    const removed = timer('removed');
    removed.arm(100);
    removed.disarm();
    const zero = timer('zero');
    zero.arm(100);
    zero.arm(0);
    advanceTo(200);
    expect(fired).toEqual([]);
    advanceTo(300);
    expect(fired).toEqual(['moved']);
  });

  it('lets a timer disarm another of the same tick, and re-arm itself', () => {
    const victim = timer('victim');
    const killer = wheel.create(() => {
      fired.push('killer');
      victim.disarm();
      killer.arm(50);
    });
    killer.arm(100);
    victim.arm(100);
    advanceTo(100);
    expect(fired).toEqual(['killer']);
    advanceTo(150);
    expect(fired).toEqual(['killer', 'killer']);
  });
});
