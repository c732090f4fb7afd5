import { DescriptorLedger } from '../../../../../src/server/worker/overload/descriptor-ledger.js';
import { MemoryGauge } from '../../../../../src/server/worker/overload/memory-gauge.js';
import { OverloadMonitor } from '../../../../../src/server/worker/overload/overload-monitor.js';
import type { OverloadConfig } from '../../../../../src/contracts/overload.js';
import type { Log } from '../../../../../src/observability/logger.js';

const STEPS = { shortenIdle: 0.85, noKeepAlive: 0.92, shed: 0.95 };
const CONFIG: OverloadConfig = {
  intervalMs: 250,
  holdMs: 1000,
  hysteresis: 0.05,
  idleTimeoutMs: 1000,
  retryAfterSeconds: 3,
  fds: STEPS,
  memory: { ...STEPS, limitBytes: undefined },
  loopDelay: { ...STEPS, limitMs: 500, windowMs: 5000 },
};
/** 1000, less a reserve of 20. */
const LIMIT = 1000;
const USABLE = 980;

const arrange = (config: Partial<OverloadConfig> = {}) => {
  let now = 0;
  let heap = 0;
  const lines: string[] = [];
  const calls: string[] = [];
  const note =
    (level: string) =>
    ({ step, resource }: { step: string; resource: string }) =>
      void lines.push(`${level} ${step} ${resource}`);
  const ledger = new DescriptorLedger({ count: () => 0, now: () => now });
  const monitor = new OverloadMonitor(
    { ...CONFIG, ...config },
    {
      ledger,
      descriptorLimit: LIMIT,
      collectGarbage: () => void calls.push('collect'),
      memory: new MemoryGauge({
        heapLimitBytes: 800,
        heapUsed: () => heap,
        heapObjects: () => heap,
        cgroup: () => undefined,
        resident: () => 0,
      }),
      log: { warn: note('warn'), info: note('info') } as unknown as Log,
      now: () => now,
      wallClock: () => now,
    },
  );
  const relief = {
    closeLongIdle: (ms: number) => void calls.push(`close ${String(ms)}`),
    descriptorsChanged: () => void calls.push('descriptors'),
  };
  monitor.start(relief);
  calls.length = 0;
  return {
    ...{ monitor, ledger, lines, calls, relief },
    open: (count: number) => {
      for (let index = 0; index < count; index += 1) ledger.opened();
    },
    close: (count: number) => {
      for (let index = 0; index < count; index += 1) ledger.closed();
    },
    /** Share of the heap, whose usable part is 700 bytes. */
    fill: (share: number) => (heap = share * 700),
    pass: (ms: number) => (now += ms),
  };
};

let world: ReturnType<typeof arrange>;
afterEach(() => world.monitor.stop());

describe('the overload monitor', () => {
  it('is calm at first, and says what it will tell clients', () => {
    world = arrange();
    const { monitor } = world;
    expect([monitor.shed, monitor.noKeepAlive, monitor.retryAfter]).toEqual([false, false, '3']);
    expect(monitor.freeDescriptors).toBe(USABLE);
  });

  it('judges descriptors as each socket opens, without waiting for its next look', () => {
    world = arrange();
    const { monitor, open, calls } = world;
    open(Math.ceil(USABLE * 0.95) - 1);
    expect(monitor.shed).toBe(false);
    open(1);
    expect([monitor.shed, monitor.shedBy]).toEqual([true, 'fds']);
    expect(monitor.freeDescriptors).toBe(USABLE - Math.ceil(USABLE * 0.95));
    expect(calls).toContain('descriptors');
    open(200);
    expect(monitor.freeDescriptors).toBe(0);
  });

  it('knows how many are left also where it takes no step for them, and tells who accepts', () => {
    world = arrange({ fds: undefined });
    const { monitor, open, calls } = world;
    open(USABLE - 1);
    expect(monitor.freeDescriptors).toBe(1);
    expect(calls).toContain('descriptors');
    expect(monitor.describe().level).toBe(0);
    expect(monitor.describe().resources.map(({ resource }) => resource)).not.toContain('fds');
  });

  it('leaves the last two to those who accept what is refused', () => {
    world = arrange();
    const { monitor, open, close } = world;
    open(LIMIT - 3);
    expect(monitor.mayConnect).toBe(true);
    open(1);
    expect([monitor.mayConnect, monitor.freeDescriptors]).toEqual([false, 0]);
    close(1);
    expect(monitor.mayConnect).toBe(true);
  });

  it('closes idle connections at each look while that step holds, and no longer', () => {
    world = arrange();
    const { monitor, fill, calls, pass } = world;
    fill(0.9);
    monitor.look();
    monitor.look();
    expect(calls.filter((call) => call === 'close 1000')).toHaveLength(2);
    fill(0.1);
    pass(1000);
    monitor.look();
    expect(calls.filter((call) => call === 'close 1000')).toHaveLength(2);
  });

  it('has the garbage of a full heap collected when nobody else does, less often each time', () => {
    world = arrange();
    const { monitor, fill, pass, calls } = world;
    const lookFor = (seconds: number): number => {
      const before = calls.filter((call) => call === 'collect').length;
      for (let at = 0; at < seconds; at += 1) {
        pass(1000);
        monitor.look();
      }
      return calls.filter((call) => call === 'collect').length - before;
    };
    expect(lookFor(60)).toBe(0);
    fill(0.9);
    monitor.look();
    expect([lookFor(3), lookFor(5), lookFor(1), lookFor(12)]).toEqual([1, 0, 1, 1]);
    expect(lookFor(3600)).toBeLessThan(20);
    fill(0.1);
    pass(1000);
    monitor.look();
    fill(0.9);
    monitor.look();
    for (let share = 0.95; share > 0.91; share -= 0.01) {
      fill(share);
      expect(lookFor(2)).toBe(0);
    }
  });

  it('is at the hardest step that any resource asks for, and names the fullest', () => {
    world = arrange();
    const { monitor, fill, open } = world;
    open(USABLE * 0.9);
    fill(0.96);
    monitor.look();
    expect([monitor.shed, monitor.shedBy, monitor.describe().level]).toEqual([true, 'memory', 3]);
    open(USABLE);
    monitor.look();
    expect(monitor.shedBy).toBe('fds');
  });

  it('goes back when the pressure has gone, and logs each step once on both ways', () => {
    world = arrange();
    const { monitor, fill, pass, lines } = world;
    fill(1);
    monitor.look();
    fill(0);
    monitor.look();
    expect(monitor.shed).toBe(true);
    pass(1000);
    monitor.look();
    expect([monitor.shed, monitor.noKeepAlive]).toEqual([false, false]);
    expect(lines).toEqual([
      'warn shorten-idle memory',
      'warn no-keep-alive memory',
      'warn shed memory',
      'info shed memory',
      'info no-keep-alive memory',
      'info shorten-idle memory',
    ]);
    const { counters, gauges } = monitor.metrics();
    expect(counters['torus_overload_transitions_total']).toContainEqual([['memory', 'shed', 'entered'], 1]);
    expect(counters['torus_overload_transitions_total']).toContainEqual([['memory', 'shed', 'left'], 1]);
    expect(gauges['torus_worker_overload_level']).toEqual([[[], 0]]);
  });

  it('sheds for a loop that is late all the time, and not for one long pause', () => {
    world = arrange();
    const { monitor, pass } = world;
    pass(4000);
    monitor.noteDelay(4000);
    monitor.look();
    expect(monitor.describe().level).toBe(0);
    for (let index = 0; index < 10; index += 1) {
      pass(600);
      monitor.noteDelay(600);
    }
    monitor.look();
    expect([monitor.shed, monitor.shedBy]).toEqual([true, 'loop-delay']);
  });

  it('follows a new configuration, and lets go of what it does not watch any more', () => {
    world = arrange();
    const { monitor, fill, open } = world;
    fill(1);
    open(USABLE);
    monitor.look();
    monitor.configure({
      ...CONFIG,
      fds: undefined,
      memory: { ...STEPS, shed: undefined, limitBytes: undefined },
    });
    monitor.look();
    expect(monitor.describe()).toMatchObject({
      level: 2,
      steps: { 'shorten-idle': true, 'no-keep-alive': true, shed: false },
    });
    expect(monitor.describe().resources.map(({ resource }) => resource)).toEqual(['memory', 'loop-delay']);
    expect(monitor.metrics().gauges['torus_worker_overload_pressure']).toHaveLength(2);
  });

  it('tells since when it is where it is, in units that people read', () => {
    world = arrange();
    const { monitor, open, pass } = world;
    pass(5000);
    open(USABLE);
    expect(monitor.describe()).toEqual({
      level: 3,
      since: '1970-01-01T00:00:05.000Z',
      steps: { 'shorten-idle': true, 'no-keep-alive': true, shed: true },
      resources: [
        {
          resource: 'fds',
          pressure: 1,
          level: 3,
          thresholds: STEPS,
          open: USABLE,
          full: USABLE,
          limit: LIMIT,
        },
        {
          resource: 'memory',
          pressure: 0,
          level: 0,
          thresholds: STEPS,
          of: 'heap',
          usedBytes: 0,
          limitBytes: 700,
        },
        { resource: 'loop-delay', pressure: 0, level: 0, thresholds: STEPS, delayMs: 0, limitMs: 500 },
      ],
    });
  });
});
