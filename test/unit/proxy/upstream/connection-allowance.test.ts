/** How the pools of an upstream share their connections. */
import type { AllowanceMember } from '../../../../src/proxy/upstream/connection-allowance.js';
import { ConnectionAllowance } from '../../../../src/proxy/upstream/connection-allowance.js';

/** A pool as the allowance sees it. */
class Pool implements AllowanceMember {
  idle = 0;
  used = 0;
  waiting: number[] = [];
  private readonly allowance: ConnectionAllowance;

  constructor(allowance: ConnectionAllowance) {
    this.allowance = allowance;
    allowance.join(this);
  }

  get waitingSinceMs(): number {
    return this.waiting[0] ?? Infinity;
  }

  yieldIdle(): boolean {
    if (this.idle === 0) return false;
    this.idle -= 1;
    return true;
  }

  dialForPending(): boolean {
    if (this.waiting.length === 0 || !this.allowance.take(this)) return false;
    this.waiting.shift();
    this.used += 1;
    return true;
  }

  /** Uses a connection, or waits for one. */
  ask(nowMs: number): void {
    if (this.allowance.take(this)) this.used += 1;
    else {
      this.waiting.push(nowMs);
      this.allowance.await(this);
    }
  }

  /** A used connection is gone. */
  close(): void {
    this.used -= 1;
    this.allowance.give();
  }
}

const pools = (max: number): { allowance: ConnectionAllowance; a: Pool; b: Pool; open: () => number } => {
  const allowance = new ConnectionAllowance(max);
  const [a, b] = [new Pool(allowance), new Pool(allowance)];
  return { allowance, a, b, open: () => a.used + a.idle + b.used + b.idle };
};

describe('the connections of an upstream', () => {
  it('are never more than allowed, and those that wait get them in the order they came', () => {
    const { a, b, open } = pools(2);
    a.ask(1);
    a.ask(2);
    b.ask(3);
    a.ask(4);
    expect([open(), a.waiting, b.waiting]).toEqual([2, [4], [3]]);
    a.close();
    expect([open(), a.waiting, b.waiting]).toEqual([2, [4], []]);
    b.close();
    expect([open(), a.used, a.waiting]).toEqual([2, 2, []]);
  });

  it('that are idle give way to another pool, not to their own', () => {
    const { a, b, open } = pools(1);
    a.ask(1);
    a.used -= 1;
    a.idle += 1;
    b.ask(2);
    expect([a.idle, b.used, open()]).toEqual([0, 1, 1]);
  });

  it('are wanted elsewhere only by a pool in which somebody has waited for longer', () => {
    const { allowance, a, b } = pools(1);
    a.ask(1);
    expect(allowance.isWantedElsewhere(a)).toBe(false);
    b.ask(5);
    expect(allowance.isWantedElsewhere(a)).toBe(true);
    a.waiting.push(3);
    expect(allowance.isWantedElsewhere(a)).toBe(false);
    a.waiting = [7];
    expect(allowance.isWantedElsewhere(a)).toBe(true);
  });

  it('pass by a pool that has gone, and one whose requests have left', () => {
    const { allowance, a, b, open } = pools(1);
    a.ask(1);
    b.ask(2);
    b.waiting = [];
    a.close();
    expect(open()).toBe(0);
    a.ask(3);
    b.ask(4);
    allowance.leave(b);
    a.close();
    expect([open(), b.waiting]).toEqual([0, [4]]);
  });
});
