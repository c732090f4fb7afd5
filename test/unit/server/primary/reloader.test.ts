import { pino } from 'pino';
import type { ConfigSnapshot } from '../../../../src/contracts/config.js';
import type { PrimaryMessage } from '../../../../src/server/ipc/messages.js';
import type { LoadSnapshot } from '../../../../src/server/primary/instance-input.js';
import { Reloader } from '../../../../src/server/primary/reloader.js';
import type { Trial } from '../../../../src/server/primary/roller.js';
import { WorkerPool } from '../../../../src/server/primary/worker-pool.js';
import { newWorkerRecord } from '../../../../src/server/primary/worker-slot.js';
import { RestartBackoff } from '../../../../src/server/primary/restart-backoff.js';

const base = {
  version: 1,
  workers: 2,
  listeners: [],
  routes: [],
  log: { level: 'silent', pretty: false },
} as unknown as ConfigSnapshot;

const arrange = (
  load: LoadSnapshot,
  trial: Trial = { ok: false, problem: 'nobody was to try' },
  ownProblem?: string,
) => {
  const steps: string[] = [];
  const sent: PrimaryMessage[][] = [[], []];
  const killed: string[] = [];
  const pool = new WorkerPool(
    2,
    () => new RestartBackoff({ limits: () => ({ minMs: 1, maxMs: 1, healthyAfterMs: 1 }), random: () => 0 }),
  );
  const workers = pool.slots.map((slot, index) => {
    const worker = newWorkerRecord(
      {
        id: index,
        jitter: 0,
        bootWith: undefined,
        process: { pid: 100 + index, send: (message) => sent[index]!.push(message), kill: () => undefined },
      },
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
    adopt(snapshot: ConfigSnapshot, _prepared: unknown, newListeners: boolean) {
      supervisor.snapshot = snapshot;
      steps.push(newListeners ? 'adopt with new listeners' : 'adopt');
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
    roller: {
      exclusively: (run) => run(),
      try: () => {
        steps.push('try');
        return Promise.resolve(trial);
      },
      complete: () => Promise.resolve(void steps.push('complete')),
    },
    times: { reloaded: (outcome) => void steps.push(`measured ${outcome}`) },
    problemOf: () => ownProblem,
    onApplied: () => Promise.resolve(void steps.push('tell')),
    log: pino({ level: 'silent' }),
    load,
  });
  return { reloader, supervisor, workers, sent, killed, steps, expire: () => expire() };
};

/** Lets everything that waits for nothing but promises go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const changed = { routes: [{ name: 'new', filters: [] }] } as unknown as ConfigSnapshot;
const next: LoadSnapshot = (version) =>
  Promise.resolve({ snapshot: { ...base, ...changed, version }, problems: [] });
const problem = { path: 'routes', message: 'bad', file: undefined, line: 4, severity: 'error' } as const;
const bad: LoadSnapshot = () => Promise.resolve({ snapshot: undefined, problems: [problem] });

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
    expect(reloader.counts).toEqual({ applied: 1, rejected: 0, unchanged: 0 });
  });
  it('asks no worker for what the primary itself cannot serve', async () => {
    const { reloader, supervisor, sent, steps } = arrange(next, undefined, 'admin.tls: ee key too small');
    expect(await reloader.reload()).toMatchObject({
      outcome: 'rejected',
      problems: [{ message: 'admin.tls: ee key too small' }],
    });
    expect([supervisor.snapshot.version, sent, steps]).toEqual([1, [[], []], ['measured rejected']]);
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
    expect(reloader.counts).toEqual({ applied: 0, rejected: 1, unchanged: 0 });
  });
  it('asks nobody when the configuration is bad', async () => {
    const { reloader, sent } = arrange(bad);
    expect(await reloader.reload()).toEqual({
      outcome: 'rejected',
      version: 1,
      problems: [problem],
      needRestart: [],
    });
    expect(sent).toEqual([[], []]);
    expect(reloader.counts).toEqual({ applied: 0, rejected: 1, unchanged: 0 });
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
    expect(reloader.counts).toEqual({ applied: 0, rejected: 1, unchanged: 0 });
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
      return bad(1);
    });
    const first = reloader.reload();
    await Promise.resolve();
    expect(loads).toBe(1);
    await Promise.all([first, reloader.reload(), reloader.reload()]);
    expect(loads).toBe(2);
  });
  it('does nothing for a configuration that says what is served, unless told to', async () => {
    const { reloader, sent, workers } = arrange((version) =>
      Promise.resolve({ snapshot: { ...base, version }, problems: [] }),
    );
    expect(await reloader.reload()).toMatchObject({ outcome: 'unchanged', version: 1 });
    expect(sent).toEqual([[], []]);
    const done = reloader.reload(undefined, 'always');
    await settle();
    for (const worker of workers) reloader.receive(worker, { type: 'prepared', version: 2 });
    await settle();
    for (const worker of workers) reloader.receive(worker, { type: 'applied', version: 2 });
    expect(await done).toMatchObject({ outcome: 'applied', version: 2 });
    expect(reloader.counts).toEqual({ applied: 1, rejected: 0, unchanged: 1 });
  });
  it('takes a configuration from elsewhere in its turn, and tells whoever asked what became of it', async () => {
    const order: string[] = [];
    const { reloader } = arrange(() => {
      order.push('file');
      return bad(1);
    });
    const results = await Promise.all([
      reloader.reload(),
      reloader.reload(() => {
        order.push('other');
        return Promise.resolve({ snapshot: { ...base, version: 9 }, problems: [] });
      }),
      reloader.reload(),
    ]);
    expect(order).toEqual(['file', 'other']);
    expect(results.map(({ outcome }) => outcome)).toEqual(['rejected', 'unchanged', 'rejected']);
  });
  const moved: LoadSnapshot = (version) =>
    Promise.resolve({
      snapshot: { ...base, version, listeners: [{ name: 'new' }] } as unknown as ConfigSnapshot,
      problems: [],
    });
  it('tries new listeners in a new worker before anybody serves them, and replaces the others afterwards', async () => {
    const { reloader, workers, sent, steps } = arrange(moved, { ok: true } as unknown as Trial);
    const done = reloader.reload();
    await settle();
    expect(steps).toEqual([]);
    for (const worker of workers) reloader.receive(worker, { type: 'prepared', version: 2 });
    await settle();
    for (const worker of workers) reloader.receive(worker, { type: 'applied', version: 2 });
    expect(await done).toMatchObject({ outcome: 'applied', version: 2, needRestart: [] });
    expect(steps).toEqual(['try', 'adopt with new listeners', 'complete', 'tell', 'measured applied']);
    expect(sent.map((messages) => messages.map(({ type }) => type))).toEqual([['prepare'], ['prepare']]);
  });
  it('leaves everything as it is when the new worker cannot bind', async () => {
    const taken = 'Listener new cannot bind 127.0.0.1:80: address already in use';
    const { reloader, supervisor, workers, sent, steps } = arrange(moved, { ok: false, problem: taken });
    const done = reloader.reload();
    await settle();
    for (const worker of workers) reloader.receive(worker, { type: 'prepared', version: 2 });
    expect(await done).toMatchObject({ outcome: 'rejected', version: 1, problems: [{ message: taken }] });
    expect(supervisor.snapshot.version).toBe(1);
    expect(steps).toEqual(['try', 'measured rejected']);
    expect(sent.map((messages) => messages.at(-1))).toEqual(Array(2).fill({ type: 'discard', version: 2 }));
  });
  it('stops where it is when the instance stops', async () => {
    const { reloader, supervisor, sent } = arrange(next);
    const done = reloader.reload();
    supervisor.phase = 'draining';
    await done;
    expect(sent).toEqual([[], []]);
    expect(reloader.counts).toEqual({ applied: 0, rejected: 0, unchanged: 0 });
  });
});
