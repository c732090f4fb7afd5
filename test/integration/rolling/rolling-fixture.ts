/** What the tests of replaced workers have in common: an instance whose file is rewritten, and a client that connects without end. */
import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import {
  isAlive,
  makeTempDir,
  rawClient,
  requestHead,
  startEchoTunnel,
  startHttpUpstream,
  startTorus,
  until,
  type RawClient,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

export interface Rolling {
  readonly torus: RunningTorus;
  /** Rewrites the file, asks for a reload and waits until it is over. Resolves with the line that says so. */
  reload(extra: object): Promise<string>;
  /** Of workers that are ready and do not leave. */
  readyPids(): number[];
  stop(): Promise<void>;
}

export const UPGRADE = requestHead('GET /socket', 'Connection: Upgrade', 'Upgrade: websocket');

/** Responses of which only the beginning was sent. */
export const held: ServerResponse[] = [];

/** Answers `ok`, after a while at `/slow`; what is upgraded is echoed. */
export const startUpstreams = async (): Promise<{ plain: TestUpstream; echo: TestUpstream }> => ({
  plain: await startHttpUpstream((request, response) => {
    request.resume();
    if (request.url === '/slow') setTimeout(() => response.end('ok'), 300);
    else if (request.url !== '/begun') response.end('ok');
    else {
      response.write('begun, ');
      held.push(response);
    }
  }),
  echo: await startEchoTunnel(),
});

export const configFor = (
  { plain, echo }: { readonly plain: TestUpstream; readonly echo: TestUpstream },
  extra: object,
): object => ({
  workers: 2,
  listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
  admin: { address: '127.0.0.1:0' },
  log: { access: false },
  shutdown: { timeout: '2s' },
  watch: false,
  upstreams: { main: { endpoints: [plain.url] }, sockets: { endpoints: [echo.url] } },
  routes: [
    { name: 'socket', match: { path: '/socket' }, upstream: 'sockets', upgrades: ['websocket'] },
    { name: 'all', match: { path: '/*' }, upstream: 'main' },
  ],
  ...extra,
});

const ENDS = [
  'Configuration applied',
  'The new configuration is bad. The old one stays',
  'The workers cannot serve the new configuration. The old one stays',
];

export const startRolling = async (
  upstreams: { readonly plain: TestUpstream; readonly echo: TestUpstream },
  extra: object = {},
  startWith = 2,
): Promise<Rolling> => {
  const dir = makeTempDir('rolling');
  const write = (more: object): void =>
    writeFileSync(path.join(dir, 'torus.yaml'), JSON.stringify(configFor(upstreams, more), null, 2));
  write(extra);
  const torus = await startTorus({ cwd: dir });
  const ended = (): string[] => torus.logs().flatMap(({ msg }) => (ENDS.includes(msg) ? [msg] : []));
  const leaving = (): Set<string> =>
    new Set(torus.logs().flatMap(({ msg }) => /^Worker (\d+) leaves/.exec(msg)?.[1] ?? []));
  const readyPids = (): number[] =>
    torus.logs().flatMap(({ msg }) => {
      const pid = /^Worker (\d+) is ready/.exec(msg)?.[1];
      return pid !== undefined && !leaving().has(pid) && isAlive(Number(pid)) ? [Number(pid)] : [];
    });
  await until(() => readyPids().length === startWith, 20_000, 'every worker to be ready');
  return {
    torus,
    reload: async (more) => {
      const before = ended().length;
      write({ ...extra, ...more });
      torus.signal('SIGHUP');
      await until(() => ended().length > before, 45_000, 'a reload');
      return ended().at(-1) ?? '';
    },
    readyPids,
    stop: async () => {
      expect(await torus.stop()).toEqual({ code: 0, signal: null });
    },
  };
};

/** One request on a connection of its own: `ok`, or what became of it. */
export const askOnce = async (port: number, target = '/'): Promise<string> => {
  let client: RawClient | undefined;
  try {
    client = await rawClient({ port });
    const response = await client.exchange(requestHead(`GET ${target}`, 'Connection: close'));
    return response.end === 'complete' ? response.text() : `${response.end} ${String(response.status)}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    await client?.close();
  }
};

export interface Strangers {
  readonly asked: number;
  /** Resolves with everything that was not answered. */
  stop(): Promise<readonly string[]>;
}

/** Clients that open a connection for each request, one after the other, until they are told to stop. */
export const sendStrangers = (port: number, count: number): Strangers => {
  const failures: string[] = [];
  let asked = 0;
  let running = true;
  const visit = async (): Promise<void> => {
    while (running) {
      const answer = await askOnce(port);
      asked += 1;
      if (answer !== 'ok') failures.push(answer);
    }
  };
  const visits = Array.from({ length: count }, visit);
  return {
    get asked() {
      return asked;
    },
    stop: async () => {
      running = false;
      await Promise.all(visits);
      return failures;
    },
  };
};
