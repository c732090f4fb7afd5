import { pino } from 'pino';
import type { ConfigSnapshot } from '../../../../src/contracts/config.js';
import type { PrimaryMessage } from '../../../../src/server/ipc/messages.js';
import { Reloader } from '../../../../src/server/primary/reloader.js';
import { WorkerPool } from '../../../../src/server/primary/worker-pool.js';
import { newWorkerRecord } from '../../../../src/server/primary/worker-slot.js';
import { RestartBackoff } from '../../../../src/server/primary/restart-backoff.js';

const base = {
  version: 1,
  workers: 2,
  listeners: [],
  routes: [],
  log: { level: 'silent' },
} as unknown as ConfigSnapshot;

const arrange = (load: (version: number) => Promise<ConfigSnapshot | undefined>) => {
  const sent: PrimaryMessage[][] = [[], []];
  const killed: string[] = [];
  const pool = new WorkerPool(
    2,
    () => new RestartBackoff({ minMs: 1, maxMs: 1, healthyAfterMs: 1, random: () => 0 }),
  );
  const workers = pool.slots.map((slot, index) => {
    const worker = newWorkerRecord(
      { pid: 100 + index, send: (message) => sent[index]!.push(message), kill: () => undefined },
      0,
    );
    worker.phase = 'ready';
    slot.worker = worker;
    return worker;
  });
  const supervisor = {
    snapshot: base,
    phase: 'ready' as 'ready' | 'draining',
    pool,
    adopt(snapshot: ConfigSnapshot) {
      supervisor.snapshot = snapshot;
    },
    kill: (_worker: unknown, reason: string) => void killed.push(reason),
  };
  let expire: () => void = () => undefined;
  const reloader = new Reloader({
    supervisor,
    keySets: { add: () => Promise.resolve(), retain: () => undefined },
    endpoints: {
      prepare: ({ version }) => Promise.resolve({ version, upstreams: [] }),
      commit: () => undefined,
      discard: () => undefined,
      tellNow: () => undefined,
    },
    scheduler: {
      now: () => 0,
      after: (_delayMs, run) => {
        expire = run;
        return () => undefined;
      },
      every: () => () => undefined,
    },
    log: pino({ level: 'silent' }),
    load,
  });
  return { reloader, supervisor, workers, sent, killed, expire: () => expire() };
};

/** Lets everything that waits for nothing but promises go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const next = (version: number) => Promise.resolve({ ...base, version });

describe('Reloader', () => {
  it('adopts a snapshot when every worker has prepared it', async () => {
    const { reloader, supervisor, workers, sent } = arrange(next);
    const done = reloader.reload();
    await settle();
    expect(sent.map(([first]) => first?.type)).toEqual(['prepare', 'prepare']);
    reloader.receive(workers[0]!, { type: 'prepared', version: 2 });
    await settle();
    expect(supervisor.snapshot.version).toBe(1);
    reloader.receive(workers[1]!, { type: 'prepared', version: 2 });
    await settle();
    expect(supervisor.snapshot.version).toBe(2);
    for (const worker of workers) reloader.receive(worker, { type: 'applied', version: 2 });
    await done;
    expect(reloader.counts).toEqual({ applied: 1, rejected: 0 });
  });
  it('lets every worker drop it when one of them cannot serve it', async () => {
    const { reloader, supervisor, workers, sent } = arrange(next);
    const done = reloader.reload();
    await settle();
    reloader.receive(workers[0]!, { type: 'prepared', version: 2 });
    reloader.receive(workers[1]!, { type: 'rejected', version: 2, problem: 'no memory' });
    await done;
    expect(supervisor.snapshot.version).toBe(1);
    expect(sent.map((messages) => messages.at(-1))).toEqual(Array(2).fill({ type: 'discard', version: 2 }));
    expect(reloader.counts).toEqual({ applied: 0, rejected: 1 });
  });
  it('asks nobody when the configuration is bad', async () => {
    const { reloader, sent } = arrange(() => Promise.resolve(undefined));
    await reloader.reload();
    expect(sent).toEqual([[], []]);
    expect(reloader.counts).toEqual({ applied: 0, rejected: 1 });
  });
  it('gives a worker that dies no vote', async () => {
    const { reloader, supervisor, workers } = arrange(next);
    const done = reloader.reload();
    await settle();
    reloader.receive(workers[0]!, { type: 'prepared', version: 2 });
    reloader.gone(workers[1]!);
    await settle();
    reloader.receive(workers[0]!, { type: 'applied', version: 2 });
    await done;
    expect(supervisor.snapshot.version).toBe(2);
  });
  it('rejects it when every worker died of it', async () => {
    const { reloader, supervisor, workers } = arrange(next);
    const done = reloader.reload();
    await settle();
    for (const worker of workers) reloader.gone(worker);
    await done;
    expect(supervisor.snapshot.version).toBe(1);
  });
  it('gives up on workers that do not answer', async () => {
    const { reloader, workers, expire } = arrange(next);
    const done = reloader.reload();
    await settle();
    reloader.receive(workers[0]!, { type: 'prepared', version: 2 });
    expire();
    await done;
    expect(reloader.counts).toEqual({ applied: 0, rejected: 1 });
  });
  it('kills a worker that agreed and does not follow', async () => {
    const { reloader, workers, killed, expire } = arrange(next);
    const done = reloader.reload();
    await settle();
    for (const worker of workers) reloader.receive(worker, { type: 'prepared', version: 2 });
    await settle();
    reloader.receive(workers[0]!, { type: 'applied', version: 2 });
    expire();
    await done;
    expect(killed).toEqual(['it did not take the new configuration']);
  });
  it('kills a worker that cannot take what its fellows serve', () => {
    const { reloader, workers, killed } = arrange(next);
    reloader.receive(workers[0]!, { type: 'rejected', version: 1, problem: 'no memory' });
    expect(killed).toEqual(['no memory']);
  });
  it('runs once more for any number of requests during a reload', async () => {
    let loads = 0;
    const { reloader } = arrange(() => {
      loads += 1;
      return Promise.resolve(undefined);
    });
    await Promise.all([reloader.reload(), reloader.reload(), reloader.reload()]);
    expect(loads).toBe(2);
  });
  it('stops where it is when the instance stops', async () => {
    const { reloader, supervisor, sent } = arrange(next);
    const done = reloader.reload();
    supervisor.phase = 'draining';
    await done;
    expect(sent).toEqual([[], []]);
    expect(reloader.counts).toEqual({ applied: 0, rejected: 0 });
  });
});
