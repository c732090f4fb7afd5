import type { DataPlane } from '../../../../src/contracts/lifecycle.js';
import type { LiveExchange } from '../../../../src/contracts/live-view.js';
import { LifecycleManager } from '../../../../src/server/lifecycle/lifecycle-manager.js';
import type { LifecycleClock } from '../../../../src/server/lifecycle/lifecycle-manager.js';
import { liveExchange } from '../../../support/live-exchange.js';

const exchange = (id: string): LiveExchange => liveExchange({ id });

const arrange = (running: LiveExchange[], overrides: Partial<DataPlane> = {}) => {
  const calls: string[] = [];
  const note = (name: string) => () => void calls.push(name);
  const plane: DataPlane = {
    setTicketKeys: () => undefined,
    listen: () => Promise.resolve([]),
    prepare: () => undefined,
    commit: () => undefined,
    discard: () => undefined,
    announceDrain: note('announceDrain'),
    stopAccepting: async () => {
      note('stopAccepting')();
      await Promise.resolve();
    },
    whenNewcomersAsked: () => (calls.push('whenNewcomersAsked'), Promise.resolve()),
    releaseTunnels: note('releaseTunnels'),
    whenEmpty: () => (calls.push('whenEmpty'), Promise.resolve()),
    closeIdle: note('closeIdle'),
    closeLongIdle: () => undefined,
    descriptorsChanged: () => undefined,
    whenDrained: () => (
      calls.push('whenDrained'),
      running.length === 0 ? Promise.resolve() : new Promise(() => undefined)
    ),
    endedWhileDraining: 2,
    streams: () => Promise.resolve({ total: running.length, matched: running.length, streams: running }),
    killStream: () => 0,
    connections: () => Promise.resolve({ listeners: [], clients: [], clientCount: 0, endpoints: [] }),
    endpointActivity: () => [],
    explain: () => ({ problem: 'nobody asks' }),
    destroyAll: () => (calls.push('destroyAll'), running),
    dispose: note('dispose'),
    ...overrides,
  };
  const clock: LifecycleClock = { wait: (ms) => (calls.push(`wait ${ms}`), Promise.resolve()) };
  const onStepFailed = (step: string) => void calls.push(`failed ${step}`);
  const onPhase = (phase: string) => void calls.push(phase);
  const manager = new LifecycleManager({
    plane,
    shutdown: { delayMs: 50, timeoutMs: 10_000 },
    clock,
    onPhase,
    onStoppedAccepting: note('stopped accepting'),
    onStepFailed,
  });
  return { manager, calls, clock };
};

describe('LifecycleManager', () => {
  it('tears down in the designed order', async () => {
    const { manager, calls } = arrange([]);
    manager.markReady();
    const report = await manager.drain();
    expect(calls).toEqual([
      'ready',
      'draining',
      'announceDrain',
      'wait 50',
      'stopAccepting',
      'stopped accepting',
      'whenNewcomersAsked',
      'releaseTunnels',
      'closeIdle',
      'whenDrained',
      'wait 10000',
      'destroyAll',
      'dispose',
      'stopped',
    ]);
    expect(report).toEqual({ clean: 2, cut: 0, exchanges: [] });
  });
  it('cuts what is left at the deadline and names at most a hundred', async () => {
    const { manager } = arrange(Array.from({ length: 130 }, (_, index) => exchange(String(index))));
    manager.markReady();
    const report = await manager.drain();
    expect([report.clean, report.cut, report.exchanges.length]).toEqual([2, 130, 100]);
  });
  it('runs once however often it is asked, and cannot become ready again', async () => {
    const { manager, calls } = arrange([]);
    expect(await manager.drain()).toBe(await manager.drain());
    manager.markReady();
    expect(manager.phase).toBe('stopped');
    expect(calls.filter((call) => call === 'dispose')).toHaveLength(1);
  });
  it('lets idle connections end by themselves when it has time, and closes them when it has not any more', async () => {
    let isIdle: () => void = () => undefined;
    const { manager, calls, clock } = arrange([], {
      whenEmpty: () => new Promise<void>((resolve) => (isIdle = resolve)),
      closeIdle: () => {
        calls.push('closeIdle');
        isIdle();
      },
    });
    const patient = { delayMs: 0, timeoutMs: 600_000, patient: true };
    clock.wait = (ms, signal) =>
      new Promise<void>((resolve) => {
        calls.push(`wait ${ms}`);
        signal.addEventListener('abort', () => resolve());
      });
    const report = manager.drain(patient);
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toEqual([
      'draining',
      'announceDrain',
      'stopAccepting',
      'stopped accepting',
      'whenNewcomersAsked',
      'releaseTunnels',
      'wait 600000',
    ]);
    void manager.drain();
    expect(await report).toEqual({ clean: 2, cut: 0, exchanges: [] });
    expect(calls.slice(7, 10)).toEqual(['closeIdle', 'whenDrained', 'wait 10000']);
  });
  it('cuts a patient drain at its own deadline', async () => {
    const { manager, calls } = arrange([exchange('a')]);
    const report = await manager.drain({ delayMs: 0, timeoutMs: 20, patient: true });
    expect([report.cut, calls.includes('wait 20'), calls.includes('closeIdle')]).toEqual([1, true, false]);
  });
  it('goes on after a step that fails', async () => {
    const { manager, calls } = arrange([], {
      closeIdle: () => {
        throw new Error('broken');
      },
    });
    await manager.drain();
    expect(calls).toContain('failed close-idle');
    expect(calls.at(-1)).toBe('stopped');
  });
});
