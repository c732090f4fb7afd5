import { pino } from 'pino';
import type { ConfigSnapshot } from '../../../../src/contracts/config.js';
import type { PrimaryMessage } from '../../../../src/server/ipc/messages.js';
import { Supervisor } from '../../../../src/server/primary/supervisor.js';
import type { WorkerEvents } from '../../../../src/server/primary/worker-process.js';

class FakeScheduler {
  time = 0;
  timers: { at: number; run: () => void; everyMs?: number }[] = [];
  now = () => this.time;
  after = (delayMs: number, run: () => void) => this.#add({ at: this.time + delayMs, run });
  every = (everyMs: number, run: () => void) => this.#add({ at: this.time + everyMs, run, everyMs });
  advance(byMs: number) {
    const end = this.time + byMs;
    for (;;) {
      const next = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.time = next.at;
      if (next.everyMs === undefined) this.timers = this.timers.filter((timer) => timer !== next);
      else next.at += next.everyMs;
      next.run();
    }
    this.time = end;
  }
  #add(timer: { at: number; run: () => void; everyMs?: number }) {
    this.timers.push(timer);
    return () => void (this.timers = this.timers.filter((other) => other !== timer));
  }
}

const arrange = (workers: number, overrides: object = {}) => {
  const forked: { pid: number; events: WorkerEvents; sent: PrimaryMessage[]; kills: number }[] = [];
  const lines: string[] = [];
  const scheduler = new FakeScheduler();
  const snapshot = {
    workers,
    listeners: [],
    shutdown: { delayMs: 0, timeoutMs: 10_000 },
    supervisor: { heartbeatTimeoutMs: 3000, startTimeoutMs: 5000, backoffMinMs: 100, backoffMaxMs: 1000 },
    ...overrides,
  } as unknown as ConfigSnapshot;
  const supervisor = new Supervisor({
    snapshot,
    log: pino({}, { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) }),
    scheduler,
    random: () => 0.999999,
    keySets: () => [],
    endpoints: () => ({ version: 1, upstreams: [] }),
    ticketKeys: () => 'c2VjcmV0',
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
  it('lets one worker find the port when each has a socket of its own, and then starts the others on it', () => {
    const edge = { name: 'edge', host: '127.0.0.1', port: 0 };
    const { supervisor, forked } = arrange(3, { accept: 'reuse-port', listeners: [edge] });
    supervisor.start();
    for (const { events } of forked) events.onMessage({ type: 'hello' });
    const startedOn = () =>
      forked.map(({ sent }) =>
        sent.flatMap((message) =>
          message.type === 'start' ? message.snapshot.listeners.map(({ port }) => port) : [],
        ),
      );
    expect(startedOn()).toEqual([[0], [], []]);
    forked[0]!.events.onMessage({ type: 'ready', listeners: [{ ...edge, port: 41000, tls: false }] });
    expect(startedOn()).toEqual([[0], [41000], [41000]]);
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
