/** TLS session resumption, as OpenSSL's own client sees it: on any worker, across replacements and rotations. */
import path from 'node:path';
import {
  accessLine,
  echo,
  isAlive,
  makeCertificate,
  makeTempDir,
  metricSum,
  opensslClient,
  startHttpUpstream,
  startTorus,
  until,
  type OpensslResult,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

const VERSIONS = [
  ['TLS 1.2', '-tls1_2'],
  ['TLS 1.3', '-tls1_3'],
] as const;
const NAMES = [
  ['the first certificate', 'localhost'],
  ['a certificate chosen by name', 'other.test'],
] as const;

interface Visit extends OpensslResult {
  /** Process id of the worker that answered. */
  readonly worker: number;
}

let upstream: TestUpstream;
let files: { readonly cert: string; readonly key: string }[];
let torus: RunningTorus;
let sessions: string;
let visits = 0;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
/** An older Node takes `shared` in their place. */
const HAS_ALL_MODES = major > 23 || (major === 22 && minor >= 12) || (major === 23 && minor >= 1);

const config = (tls: object = {}, accept = 'shared'): object => {
  const listener = (name: string, more: object = {}): object => ({
    name,
    address: '127.0.0.1:0',
    tls: { certificates: files, ...more },
  });
  return {
    workers: 2,
    accept,
    listeners: [listener('edge'), listener('inner'), listener('none', { sessionTickets: false })],
    tls,
    admin: { address: '127.0.0.1:0' },
    supervisor: { backoffMin: '20ms' },
    upstreams: { echo: { endpoints: [upstream.url] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'echo' }],
  };
};

const readyPids = (): number[] =>
  torus.logs().flatMap(({ msg }) => {
    const pid = Number(/^Worker (\d+) listening/.exec(msg)?.[1]);
    return isAlive(pid) ? [pid] : [];
  });
const bothReady = (): Promise<boolean> => until(() => readyPids().length === 2, 10_000, 'two workers');

const visit = async (listener: string, ...args: string[]): Promise<Visit> => {
  visits += 1;
  const target = `/visit/${String(visits)}`;
  const result = await opensslClient({ port: torus.port(listener), path: target, args });
  const { pid } = await accessLine(torus, target);
  return { ...result, worker: Number(pid) };
};

const rotations = (): number =>
  torus.logs().filter(({ msg }) => msg === 'Session ticket keys rotated').length;

const newSession = (): string => path.join(sessions, `session-${String((visits += 1))}.pem`);

/** While it is stopped the others take every connection. */
const without = async <T>(worker: number, run: () => Promise<T>): Promise<T> => {
  process.kill(worker, 'SIGSTOP');
  try {
    return await run();
  } finally {
    process.kill(worker, 'SIGCONT');
  }
};

beforeAll(async () => {
  upstream = await startHttpUpstream(echo);
  const certificates = [await makeCertificate(['localhost']), await makeCertificate(['other.test'])];
  files = certificates.map(({ certFile, keyFile }) => ({ cert: certFile, key: keyFile }));
  sessions = makeTempDir('sessions');
});
afterAll(() => upstream.close());

describe('a TLS session', () => {
  beforeAll(async () => {
    torus = await startTorus({ config: config() });
    await bothReady();
  });
  afterAll(() => torus.stop());

  describe.each(VERSIONS)('of %s', (_, version) => {
    it.each(NAMES)(
      'resumes on the other worker, and on the one that takes its place, with %s',
      async (_title, name) => {
        const session = newSession();
        const common = [version, '-servername', name];
        const first = await visit('edge', ...common, '-sess_out', session);
        expect(first).toMatchObject({ status: 200, resumed: [false] });
        const second = await without(first.worker, () => visit('edge', ...common, '-sess_in', session));
        expect(second).toMatchObject({ status: 200, resumed: [true] });
        expect(second.worker).not.toBe(first.worker);
        process.kill(first.worker, 'SIGKILL');
        await torus.waitForLog(`Worker ${String(first.worker)} crashed`);
        await bothReady();
        const third = await without(second.worker, () => visit('edge', ...common, '-sess_in', session));
        expect(third).toMatchObject({ status: 200, resumed: [true] });
        expect([first.worker, second.worker]).not.toContain(third.worker);
      },
    );

    it('outlives all workers', async () => {
      const session = newSession();
      const { worker } = await visit('edge', version, '-sess_out', session);
      const former = readyPids();
      for (const pid of former) process.kill(pid, 'SIGKILL');
      await until(() => former.every((pid) => !isAlive(pid)));
      await bothReady();
      const next = await visit('edge', version, '-sess_in', session);
      expect(next).toMatchObject({ status: 200, resumed: [true] });
      expect(next.worker).not.toBe(worker);
    });

    it('does not carry over to another listener', async () => {
      const session = newSession();
      await visit('edge', version, '-sess_out', session);
      expect(await visit('inner', version, '-sess_in', session)).toMatchObject({
        status: 200,
        resumed: [false],
      });
    });

    it('is never resumed where session tickets are off', async () => {
      const session = newSession();
      await visit('none', version, '-sess_out', session);
      expect(await visit('none', version, '-sess_in', session)).toMatchObject({
        status: 200,
        resumed: [false],
      });
    });

    it('is counted with its version, by whether it was resumed', async () => {
      const label = version === '-tls1_2' ? 'TLSv1.2' : 'TLSv1.3';
      const count = (resumed: boolean): Promise<number> =>
        metricSum(torus, 'torus_tls_handshakes_total', {
          listener: 'edge',
          version: label,
          resumed: String(resumed),
        });
      const before = [await count(false), await count(true)];
      const session = newSession();
      await visit('edge', version, '-sess_out', session);
      await visit('edge', version, '-sess_in', session);
      const after = [await count(false), await count(true)];
      expect(after.map((value, index) => value - (before[index] ?? 0))).toEqual([1, 1]);
    });
  });

  it('of TLS 1.2 resumes each time that OpenSSL reconnects', async () => {
    const { resumed } = await visit('edge', '-tls1_2', '-reconnect');
    expect(resumed).toEqual([false, true, true, true, true, true]);
  });

  it('of TLS 1.2 gets no ticket where session tickets are off', async () => {
    expect((await visit('edge', '-tls1_2')).output).toContain('TLS session ticket:');
    expect((await visit('none', '-tls1_2')).output).not.toContain('TLS session ticket:');
  });
});

describe('when the ticket keys are rotated', () => {
  beforeAll(async () => {
    torus = await startTorus({ config: config({ ticketKeyRotation: '2s' }) });
    await bothReady();
  });
  afterAll(() => torus.stop());

  it.each(VERSIONS)(
    'a former ticket of %s gives a full handshake, and a new one resumes anywhere',
    async (_, version) => {
      const old = newSession();
      await visit('edge', version, '-sess_out', old);
      const full = await until(async () => {
        const next = await visit('edge', version, '-sess_in', old);
        return next.resumed[0] === false && next;
      }, 10_000);
      expect(full.status).toBe(200);
      // A rotation may come between the two.
      await until(async () => {
        const session = newSession();
        const { worker } = await visit('edge', version, '-sess_out', session);
        const again = await without(worker, () => visit('edge', version, '-sess_in', session));
        return again.resumed[0];
      }, 10_000);
      expect(torus.logs().filter(({ msg }) => msg === 'Session ticket keys rotated').length).toBeGreaterThan(
        0,
      );
    },
  );

  it.each(VERSIONS)('a worker forked after that has the new keys (%s)', async (_, version) => {
    // Counts only when no rotation came between: the next one would hide what the new worker began with.
    const attempt = async (): Promise<boolean | undefined> => {
      const before = rotations();
      const [victim = 0, survivor = 0] = readyPids();
      const session = newSession();
      await without(victim, () => visit('edge', version, '-sess_out', session));
      process.kill(victim, 'SIGKILL');
      await until(() => !isAlive(victim));
      await bothReady();
      const { resumed } = await without(survivor, () => visit('edge', version, '-sess_in', session));
      return rotations() === before ? resumed[0] : undefined;
    };
    await until(() => rotations() > 0);
    let outcome: boolean | undefined;
    for (let tries = 0; outcome === undefined && tries < 5; tries += 1) outcome = await attempt();
    expect(outcome).toBe(true);
  });
});

(HAS_ALL_MODES ? describe : describe.skip).each(['round-robin', 'reuse-port'])(
  'with accept: %s',
  (accept) => {
    beforeAll(async () => {
      torus = await startTorus({ config: config({}, accept) });
      await bothReady();
    });
    afterAll(() => torus.stop());

    it.each(VERSIONS)('a session of %s resumes whichever worker answers', async (_, version) => {
      const session = newSession();
      await visit('edge', version, '-sess_out', session);
      const missing = new Set(readyPids());
      for (let tries = 0; tries < 60 && missing.size > 0; tries += 1) {
        const { resumed, worker } = await visit('edge', version, '-sess_in', session);
        expect(resumed).toEqual([true]);
        missing.delete(worker);
      }
      expect([...missing]).toEqual([]);
    });
  },
);
