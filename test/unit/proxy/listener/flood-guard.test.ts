import { FloodGuard } from '../../../../src/proxy/listener/flood-guard.js';

const countAllowed = (ask: () => boolean): number => {
  let allowed = 0;
  while (allowed < 100_000 && ask()) allowed += 1;
  return allowed;
};

describe('FloodGuard', () => {
  it('allows a burst of resets, and so many a second after it', () => {
    const guard = new FloodGuard(0);
    expect(countAllowed(() => guard.mayReset(0))).toBe(200);
    expect(countAllowed(() => guard.mayReset(1000))).toBe(19);
    expect(countAllowed(() => guard.mayReset(3_600_000))).toBe(200);
  });

  it('allows a control frame for each piece of data on top of its burst', () => {
    const guard = new FloodGuard(0);
    for (let piece = 0; piece < 5000; piece += 1) {
      guard.sent(1);
      expect(guard.mayControl(0)).toBe(true);
    }
    expect(countAllowed(() => guard.mayControl(0))).toBe(499);
  });

  it('takes bytes that were for nothing, up to a limit', () => {
    const guard = new FloodGuard(0);
    expect(guard.isOverhead(256 * 1024, 0)).toBe(false);
    expect(guard.isOverhead(256 * 1024 + 1, 0)).toBe(true);
    guard.received(1000);
    guard.sent(500);
    expect(guard.isOverhead(256 * 1024 + 3500, 0)).toBe(false);
    expect(guard.isOverhead(256 * 1024 + 3501, 0)).toBe(true);
    expect(guard.isOverhead(256 * 1024 + 3501, 10)).toBe(false);
    expect([guard.isSuspicious(8 * 1024 + 3500, 0), guard.isSuspicious(8 * 1024 + 3501, 0)]).toEqual([
      false,
      true,
    ]);
  });
});
