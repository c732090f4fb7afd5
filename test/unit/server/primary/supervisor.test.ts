import { pino } from 'pino';
import type { ConfigSnapshot } from '../../../../src/contracts/config.js';
import type { PrimaryMessage } from '../../../../src/server/ipc/messages.js';
import { Supervisor } from '../../../../src/server/primary/supervisor.js';
import type { WorkerEvents } from '../../../../src/server/primary/worker-process.js';
import { WorkerTimes } from '../../../../src/server/primary/worker-times.js';
import { FakeScheduler } from '../../../support/fake-scheduler.js';

const arrange = (workers: number, overrides: object = {}) => {
  const forked: { pid: number; events: WorkerEvents; sent: PrimaryMessage[]; kills: number }[] = [];
  const lines: string[] = [];
  const ports = [41_000, 42_000];
  const scheduler = new FakeScheduler();
  const snapshot = {
    workers,
    listeners: [],
    shutdown: { delayMs: 0, timeoutMs: 10_000 },
    version: 1,
    supervisor: {
      heartbeatTimeoutMs: 3000,
      startTimeoutMs: 5000,
      backoffMinMs: 100,
      backoffMaxMs: 1000,
      drainTimeoutMs: 60_000,
    },
    ...overrides,
  } as unknown as ConfigSnapshot;
  const supervisor = new Supervisor({
    snapshot,
    log: pino({}, { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) }),
    scheduler,
    random: () => 0.999999,
    choosePort: () => Promise.resolve(ports.shift()),
    times: new WorkerTimes(),
    sources: {
      keySets: () => [],
      endpoints: () => ({ version: 1, upstreams: [] }),
      ticketKeys: () => 'c2VjcmV0',
      logLevel: () => 'info',
    },
    onWorkerMessage: () => undefined,
    onWorkerGone: () => undefined,
    fork: (events) => {
      const worker = { pid: 100 + forked.length, events, sent: [] as PrimaryMessage[], kills: 0 };
      forked.push(worker);
      return {
        pid: worker.pid,
        send: (message) => void worker.sent.push(message),
        kill: () => void (worker.kills += 1),
      };
    },
  });
  const ready = (index: number) => forked[index]!.events.onMessage({ type: 'ready', listeners: [] });
  return { supervisor, forked, lines, scheduler, ready };
};

describe('Supervisor', () => {
  it('forks a replacement at once for a worker that was ready', () => {
    const { supervisor, forked, lines, ready } = arrange(2);
    supervisor.start();
    ready(0);
    forked[0]!.events.onExit(null, 'SIGKILL');
    expect(forked).toHaveLength(3);
    expect(lines).toContain('Worker 100 crashed. Forking a replacement...');
  });
  it('tells a worker that starts of a new configuration at once: it takes connections before it is ready', () => {
    const { supervisor, forked, ready } = arrange(3);
    supervisor.start();
    ready(0);
    forked[0]!.events.onMessage({ type: 'hello' });
    forked[1]!.events.onMessage({ type: 'hello' });
    supervisor.adopt({ ...supervisor.snapshot, version: 2 }, new Set());
    const typesFor = (index: number): string[] => forked[index]!.sent.map(({ type }) => type);
    expect(typesFor(1)).toEqual(['start', 'prepare', 'commit']);
    // It has not asked yet, and will be told the new one when it does.
    expect(typesFor(2)).toEqual([]);
    forked[2]!.events.onMessage({ type: 'hello' });
    expect(forked[2]!.sent).toMatchObject([{ type: 'start', snapshot: { version: 2 } }]);
    ready(1);
    expect(typesFor(1)).toEqual(['start', 'prepare', 'commit', 'accepted']);
  });
  it('backs off when the replacement keeps failing to boot, and keeps the others running', () => {
    const { supervisor, forked, scheduler, ready } = arrange(2);
    supervisor.start();
    ready(0);
    ready(1);
    forked[0]!.events.onExit(1, null);
    forked[2]!.events.onExit(1, null);
    expect(forked).toHaveLength(3);
    scheduler.advance(101);
    expect(forked).toHaveLength(4);
    expect(forked[1]!.kills).toBe(0);
  });
  it('prints the one error of a worker that cannot boot and exits 1 without forking again', async () => {
    const { supervisor, forked, lines } = arrange(2);
    supervisor.start();
    forked[0]!.events.onMessage({
      type: 'boot-failed',
      problem: 'Listener edge cannot bind',
      code: 'EADDRINUSE',
      listener: 'edge',
    });
    forked[0]!.events.onExit(1, null);
    forked[1]!.events.onExit(1, null);
    expect(await supervisor.finished).toBe(1);
    expect(forked).toHaveLength(2);
    expect(lines).toEqual(['Listener edge cannot bind']);
  });
  it('drains on the first request, replaces nobody, and exits 0 with the last worker even if one was forced', async () => {
    const { supervisor, forked, lines, ready } = arrange(2);
    supervisor.start();
    ready(0);
    ready(1);
    supervisor.stop('SIGTERM');
    expect(supervisor.phase).toBe('draining');
    expect(forked.every(({ sent }) => sent.some(({ type }) => type === 'shutdown'))).toBe(true);
    forked[0]!.events.onExit(0, null);
    forked[1]!.events.onExit(1, null);
    expect(await supervisor.finished).toBe(0);
    expect(forked).toHaveLength(2);
    expect(lines).toContain('Worker 101 was forced to stop');
    expect(lines.at(-1)).toBe('All workers stopped. Primary exiting with code 0.');
  });
  it('kills at once and exits 1 on the second request', async () => {
    const { supervisor, forked, ready } = arrange(1);
    supervisor.start();
    ready(0);
    supervisor.stop('SIGTERM');
    supervisor.stop('SIGTERM');
    expect(await supervisor.finished).toBe(1);
    expect(forked[0]!.kills).toBe(1);
  });
  const edge = { name: 'edge', host: '127.0.0.1', port: 0 };
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  type Forked = ReturnType<typeof arrange>['forked'];
  const startedOn = (forked: Forked) =>
    forked.map(({ sent }) =>
      sent.flatMap((message) =>
        message.type === 'start' ? message.snapshot.listeners.map(({ port }) => port) : [],
      ),
    );
  it('chooses the port of a listener that asks for any, and every worker binds that one', async () => {
    const { supervisor, forked } = arrange(2, { listeners: [edge] });
    supervisor.start();
    expect(forked).toEqual([]);
    await settle();
    for (const { events } of forked) events.onMessage({ type: 'hello' });
    expect(startedOn(forked)).toEqual([[41_000], [41_000]]);
  });
  it('chooses another one when it is taken by the time that the first worker binds', async () => {
    const { supervisor, forked, lines } = arrange(1, { listeners: [edge] });
    supervisor.start();
    await settle();
    forked[0]!.events.onMessage({
      ...{ type: 'boot-failed', problem: 'Listener edge cannot bind', code: 'EADDRINUSE', listener: 'edge' },
    });
    forked[0]!.events.onExit(1, null);
    await settle();
    forked[1]!.events.onMessage({ type: 'hello' });
    expect(startedOn(forked)).toEqual([[], [42_000]]);
    expect(lines).toEqual([]);
  });

  describe('when a worker is to be replaced that is well', () => {
    const arranged = async () => {
      const arrangement = arrange(2);
      const { supervisor, forked, ready } = arrangement;
      supervisor.start();
      ready(0);
      ready(1);
      const [slot] = supervisor.pool.slots;
      const succession = supervisor.succeed(slot!);
      await settle();
      return { ...arrangement, slot: slot!, succession, successor: forked[2]! };
    };
    const sentTo = ({ sent }: Forked[number]) => sent.map(({ type }) => type);

    it('tells it to leave only when the successor serves', async () => {
      const { supervisor, forked, ready, slot, succession } = await arranged();
      expect(sentTo(forked[0]!)).not.toContain('retire');
      ready(2);
      const { worker, isReady } = await succession;
      expect(isReady).toBe(true);
      supervisor.handOver(slot, worker, 'age');
      expect(forked[0]!.sent.at(-1)).toEqual({ type: 'retire', reason: 'age', timeoutMs: 60_000 });
      expect([slot.worker, supervisor.pool.leaving.length]).toEqual([worker, 1]);
      forked[0]!.events.onExit(0, null);
      expect([supervisor.pool.leaving.length, forked.length, supervisor.restarts]).toEqual([0, 3, 0]);
    });
    it('lets it go on when the successor does not start', async () => {
      const { supervisor, forked, slot, succession } = await arranged();
      forked[2]!.events.onExit(1, null);
      expect(await succession).toMatchObject({ isReady: false });
      expect([slot.successor, forked.length, supervisor.phase]).toEqual([undefined, 3, 'ready']);
      expect(sentTo(forked[0]!)).not.toContain('retire');
    });
    it('lets the successor take the place of one that crashes meanwhile, and forks no other', async () => {
      const { supervisor, forked, ready, slot, succession } = await arranged();
      forked[0]!.events.onExit(null, 'SIGKILL');
      expect([forked.length, supervisor.restarts]).toEqual([3, 1]);
      ready(2);
      const { worker } = await succession;
      supervisor.handOver(slot, worker, 'age');
      expect([slot.worker, supervisor.pool.leaving.length]).toEqual([worker, 0]);
    });
    it('kills one that outlives its drain, and hurries the first when too many leave', async () => {
      const { supervisor, forked, ready, slot, succession, scheduler } = await arranged();
      ready(2);
      supervisor.handOver(slot, (await succession).worker, 'age');
      for (let index = 3; index < 7; index += 1) {
        const next = supervisor.succeed(slot);
        ready(index);
        supervisor.handOver(slot, (await next).worker, 'age');
      }
      expect(supervisor.pool.leaving).toHaveLength(5);
      expect(sentTo(forked[0]!)).toContain('shutdown');
      expect(sentTo(forked[2]!)).not.toContain('shutdown');
      for (const { events } of forked.slice(0, 7)) events.onMessage({ type: 'pong', sequence: 1 });
      scheduler.advance(62_001);
      expect(forked[2]!.kills).toBeGreaterThan(0);
    });
    it('knows when nobody who connects meets those that leave', async () => {
      const { supervisor, forked, ready, slot, succession } = await arranged();
      await supervisor.onlyPlacedAccept();
      ready(2);
      supervisor.handOver(slot, (await succession).worker, 'config');
      let isOver = false;
      const waiting = supervisor.onlyPlacedAccept().then(() => (isOver = true));
      await settle();
      expect(isOver).toBe(false);
      forked[0]!.events.onMessage({ type: 'stopped-accepting' });
      await waiting;
      expect(forked.map(({ kills }) => kills)).toEqual([0, 0, 0]);
    });
    it.each([
      ['is killed when it takes connections for longer than 10 s', 'time'],
      ['is not waited for once it is dead', 'exit'],
      ['is not waited for when the instance stops', 'stop'],
    ])('one that leaves %s', async (_title, end) => {
      const { supervisor, forked, ready, slot, succession, scheduler } = await arranged();
      ready(2);
      supervisor.handOver(slot, (await succession).worker, 'config');
      const waiting = supervisor.onlyPlacedAccept();
      for (const { worker } of supervisor.pool.living()) supervisor.excuse(worker, 60_000);
      if (end === 'time') scheduler.advance(10_001);
      else if (end === 'exit') forked[0]!.events.onExit(0, null);
      else supervisor.stop('SIGTERM');
      await waiting;
      expect(forked[0]!.kills > 0).toBe(end === 'time');
    });
    it('waits at the end for those that leave as well', async () => {
      const { supervisor, forked, ready, slot, succession } = await arranged();
      ready(2);
      supervisor.handOver(slot, (await succession).worker, 'age');
      supervisor.stop('SIGTERM');
      expect(sentTo(forked[0]!).at(-1)).toBe('shutdown');
      forked[1]!.events.onExit(0, null);
      forked[2]!.events.onExit(0, null);
      expect(supervisor.phase).toBe('draining');
      forked[0]!.events.onExit(0, null);
      expect(await supervisor.finished).toBe(0);
    });
  });
  it('exits 0 at once when every worker is waiting for its restart', async () => {
    const { supervisor, forked, scheduler, ready } = arrange(1);
    supervisor.start();
    ready(0);
    forked[0]!.events.onExit(1, null);
    forked[1]!.events.onExit(1, null);
    supervisor.stop('SIGTERM');
    expect(await supervisor.finished).toBe(0);
    scheduler.advance(60_000);
    expect(forked).toHaveLength(2);
  });
  it('kills a worker that answers no heartbeat', () => {
    const { supervisor, forked, scheduler, ready } = arrange(1);
    supervisor.start();
    ready(0);
    scheduler.advance(5000);
    expect(forked[0]!.kills).toBe(1);
  });
  it('kills workers that outlive the drain deadline', () => {
    const { supervisor, forked, scheduler } = arrange(1);
    supervisor.start();
    supervisor.stop('SIGTERM');
    scheduler.advance(12_001);
    expect(forked[0]!.kills).toBeGreaterThan(0);
  });
});
