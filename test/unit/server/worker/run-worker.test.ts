import type { ConfigSnapshot } from '../../../../src/contracts/config.js';
import type { DataPlane } from '../../../../src/contracts/lifecycle.js';
import type { PrimaryMessage, WorkerMessage } from '../../../../src/server/ipc/messages.js';
import type { PrimaryLinkEvents } from '../../../../src/server/worker/primary-link.js';
import { runWorker } from '../../../../src/server/worker/run-worker.js';
import { liveExchange } from '../../../support/live-exchange.js';

const snapshot = {
  version: 1,
  listeners: [{ name: 'edge', host: '127.0.0.1', port: 8443 }],
  shutdown: { delayMs: 0, timeoutMs: 5 },
  overload: { intervalMs: 250, holdMs: 0, hysteresis: 0, idleTimeoutMs: 1000, retryAfterSeconds: 1 },
  log: { level: 'silent', access: { format: 'json', fields: {}, sample: 1, file: undefined }, pretty: false },
} as unknown as ConfigSnapshot;

const LISTENERS = [{ name: 'edge', host: '127.0.0.1', port: 8443, tls: true }];

/** Lets everything that waits for nothing but promises go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('runWorker', () => {
  const listenersBefore = new Map<string, readonly unknown[]>();
  const EVENTS = ['uncaughtException', 'unhandledRejection', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const;

  beforeEach(() => EVENTS.forEach((event) => listenersBefore.set(event, process.rawListeners(event))));

  afterEach(() => {
    // A worker never takes its handlers back: its process ends.
    for (const event of EVENTS)
      for (const listener of process.rawListeners(event))
        if (listenersBefore.get(event)?.includes(listener) !== true)
          process.removeListener(event, listener as () => void);
  });

  const arrange = (overrides: Partial<DataPlane> = {}) => {
    const calls: string[] = [];
    const note = (name: string) => () => void calls.push(name);
    const plane: DataPlane = {
      setTicketKeys: (ticketKeys) => void calls.push(`setTicketKeys ${ticketKeys}`),
      listen: () => Promise.resolve(LISTENERS),
      prepare: note('prepare'),
      commit: note('commit'),
      discard: note('discard'),
      announceDrain: note('announceDrain'),
      stopAccepting: async () => {
        note('stopAccepting')();
        await Promise.resolve();
      },
      whenNewcomersAsked: () => Promise.resolve(),
      releaseTunnels: note('releaseTunnels'),
      whenEmpty: () => Promise.resolve(),
      closeIdle: note('closeIdle'),
      closeLongIdle: () => undefined,
      descriptorsChanged: () => undefined,
      whenDrained: () => Promise.resolve(),
      endedWhileDraining: 3,
      streams: () => Promise.resolve({ total: 0, matched: 0, streams: [] }),
      killStream: () => 0,
      connections: () => Promise.resolve({ listeners: [], clients: [], clientCount: 0, endpoints: [] }),
      endpointActivity: () => [],
      explain: () => ({ problem: 'nobody asks' }),
      destroyAll: () => [],
      dispose: note('dispose'),
      ...overrides,
    };
    const sent: WorkerMessage[] = [];
    let events: PrimaryLinkEvents | undefined;
    const exitCode = runWorker({
      compose: () => plane,
      openLink: (handlers) => {
        events = handlers;
        return {
          send: (message, onSent) => {
            sent.push(message);
            onSent?.(true);
          },
        };
      },
    });
    const receive = (...messages: PrimaryMessage[]) =>
      messages.forEach((message) => events?.onMessage(message));
    const endpoints = { version: 1, upstreams: [] };
    const tell = (first = snapshot) =>
      receive({ type: 'start', slot: 1, snapshot: first, keySets: [], endpoints, ticketKeys: 'Zmlyc3Q=' });
    const start = async () => {
      tell();
      await settle();
      receive({ type: 'accepted' });
    };
    const untilSent = async (type: WorkerMessage['type']) => {
      while (!sent.some((message) => message.type === type)) await settle();
    };
    return { calls, sent, exitCode, receive, tell, start, untilSent, lose: () => events?.onLost() };
  };

  const FIRST_KEYS = 'setTicketKeys Zmlyc3Q=';

  const typesOf = (messages: readonly WorkerMessage[]) => messages.map(({ type }) => type);

  it('asks for its snapshot, serves it, and answers the heartbeat', async () => {
    const { sent, exitCode, receive, start } = arrange();
    await start();
    receive({ type: 'ping', sequence: 7 });
    expect(sent).toEqual([
      { type: 'hello' },
      { type: 'ready', listeners: LISTENERS },
      { type: 'pong', sequence: 7 },
    ]);
    receive({ type: 'shutdown', reason: 'test' });
    await exitCode;
  });

  it('drains in order when told to stop, reports, and leaves with 0', async () => {
    const { calls, sent, exitCode, receive, start } = arrange();
    await start();
    receive({ type: 'shutdown', reason: 'test' });
    expect(await exitCode).toBe(0);
    expect(calls).toEqual([
      FIRST_KEYS,
      'announceDrain',
      'stopAccepting',
      'releaseTunnels',
      'closeIdle',
      'dispose',
    ]);
    expect(sent.slice(-2)).toMatchObject([
      { type: 'stopped-accepting' },
      { type: 'drained', report: { clean: 3, cut: 0 } },
    ]);
  });

  it('leaves with 1 when it had to cut an exchange', async () => {
    const exchange = liveExchange();
    const { sent, exitCode, receive, start } = arrange({
      whenDrained: () => new Promise(() => undefined),
      destroyAll: () => [exchange],
    });
    await start();
    receive({ type: 'shutdown', reason: 'test' });
    expect(await exitCode).toBe(1);
    expect(sent.at(-1)).toMatchObject({ report: { cut: 1, exchanges: [exchange] } });
  });

  it('drains when its primary is gone', async () => {
    const { calls, exitCode, start, lose } = arrange();
    await start();
    lose();
    expect(await exitCode).toBe(0);
    expect(calls).toContain('announceDrain');
  });

  it('leaves at once when it is told to stop before it serves', async () => {
    const { calls, exitCode, receive } = arrange();
    receive({ type: 'shutdown', reason: 'test' });
    expect(await exitCode).toBe(0);
    expect(calls).toEqual([]);
  });

  it('says in one line why it cannot serve, and leaves with 1', async () => {
    const failure = Object.assign(new Error('listen EADDRINUSE'), {
      code: 'EADDRINUSE',
      address: '127.0.0.1',
      port: 8443,
    });
    const { sent, exitCode, start } = arrange({ listen: () => Promise.reject(failure) });
    await start();
    expect(await exitCode).toBe(1);
    expect(sent.at(-1)).toMatchObject({ type: 'boot-failed', code: 'EADDRINUSE' });
    expect(typesOf(sent)).not.toContain('ready');
  });

  it('swaps to a new snapshot and drains by its limits', async () => {
    const { calls, sent, exitCode, receive, start } = arrange({
      whenDrained: () => new Promise(() => undefined),
    });
    await start();
    const next = { ...snapshot, version: 2, shutdown: { delayMs: 0, timeoutMs: 0 } };
    receive(
      { type: 'prepare', snapshot: next, endpoints: { version: 2, upstreams: [] } },
      { type: 'commit', version: 2 },
    );
    expect(calls).toEqual([FIRST_KEYS, 'prepare', 'commit']);
    expect(typesOf(sent).slice(2)).toEqual(['prepared', 'applied']);
    receive({ type: 'shutdown', reason: 'test' });
    await exitCode;
  });

  describe('while tracing is being loaded', () => {
    const tracing = {
      ...{ endpoint: 'http://127.0.0.1:9', headers: {}, sampling: 0, tracesPerSecond: 1 },
      ...{ clientContext: 'new', serviceName: 'torus', attributes: {} },
      ...{ timeoutMs: 100, intervalMs: 100, batchSize: 1, queueSize: 1 },
    };
    const traced = (version: number) => ({ ...snapshot, version, tracing }) as unknown as ConfigSnapshot;
    const next = (version: number): PrimaryMessage[] => [
      { type: 'prepare', snapshot: traced(version), endpoints: { version, upstreams: [] } },
      { type: 'commit', version },
    ];

    it('at its start, keeps what the primary says for when it can take it, and answers the heartbeat', async () => {
      const { calls, sent, exitCode, receive, tell, untilSent } = arrange();
      tell(traced(1));
      receive(...next(2), { type: 'ping', sequence: 7 });
      expect(sent.at(-1)).toEqual({ type: 'pong', sequence: 7 });
      await untilSent('ready');
      expect(calls).toEqual([FIRST_KEYS, 'prepare', 'commit']);
      expect(sent).toContainEqual({ type: 'applied', version: 2 });
      receive({ type: 'shutdown', reason: 'test' });
      await exitCode;
    });

    it('for a new snapshot, serves the snapshots in their order', async () => {
      const { calls, sent, exitCode, receive, start, untilSent } = arrange();
      await start();
      receive(...next(2), ...next(3));
      expect(calls).toEqual([FIRST_KEYS]);
      await untilSent('applied');
      expect(calls).toEqual([FIRST_KEYS, 'prepare', 'commit', 'prepare', 'commit']);
      expect(sent.at(-1)).toEqual({ type: 'applied', version: 3 });
      receive({ type: 'shutdown', reason: 'test' });
      await exitCode;
    });
  });

  it('has its ticket keys before it listens, and takes new ones', async () => {
    const { calls, exitCode, receive, start } = arrange({
      listen: () => {
        calls.push('listen');
        return Promise.resolve(LISTENERS);
      },
    });
    await start();
    receive({ type: 'ticket-keys', ticketKeys: 'c2Vjb25k' });
    expect(calls).toEqual([FIRST_KEYS, 'listen', 'setTicketKeys c2Vjb25k']);
    receive({ type: 'shutdown', reason: 'test' });
    await exitCode;
  });

  it('answers with its counts', async () => {
    const { sent, exitCode, receive, start } = arrange();
    await start();
    receive({ type: 'collect-metrics', request: 4 });
    expect(sent.at(-1)).toMatchObject({ type: 'metrics', request: 4 });
    receive({ type: 'shutdown', reason: 'test' });
    await exitCode;
  });
});
