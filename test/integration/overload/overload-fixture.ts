/** A gateway that can be brought to each step of its ladder, and what an operator sees of that. */
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import path from 'node:path';
import { SWITCH } from '../tunnels/tunnel-fixture.js';
import {
  makeTempDir,
  rawClient,
  removeTempDir,
  requestHead,
  startTorus,
  startUpstream,
  until,
  type RawClient,
  type RunningTorus,
  type TestUpstream,
  type TorusOptions,
} from '../../support/index.js';

export interface OverloadView {
  readonly level: number;
  readonly workers: readonly WorkerView[];
  readonly missing: readonly { readonly worker: number; readonly problem: string }[];
}

export interface WorkerView {
  readonly worker: number;
  readonly pid: number;
  readonly level: number;
  readonly since: string;
  readonly steps: Readonly<Record<string, boolean>>;
  readonly resources: readonly {
    readonly resource: string;
    readonly pressure: number;
    readonly level: number;
    readonly [fact: string]: unknown;
  }[];
}

export interface OverloadFixture {
  readonly torus: RunningTorus;
  readonly upstream: TestUpstream;
  overload(): Promise<OverloadView>;
  /** Waits for what `/overload` says. */
  whenOverload(
    matches: (view: OverloadView) => boolean,
    what: string,
    timeoutMs?: number,
  ): Promise<OverloadView>;
  connect(listener?: string): Promise<RawClient>;
  /** A request that the upstream holds until `release`. Resolves when the upstream has it, or an answer came instead. */
  hold(fields?: readonly string[], client?: RawClient): Promise<RawClient>;
  /** Answers everything that is held. */
  release(): void;
  readonly held: number;
  closeClients(): Promise<void>;
  /** Reloads with these keys in the place of those it was started with. */
  reconfigure(changes: object): Promise<void>;
  stop(): Promise<void>;
}

/** A worker that is short of memory collects garbage most of the time. */
export const SLOW_MS = 20_000;

const answer = (socket: Socket, body: string): void =>
  void socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`);

/** `/hold` is held, `/socket` becomes a tunnel that gives every byte back, everything else answered at once; `/health` is a critical route. One worker unless told otherwise. */
export const startOverloadFixture = async (
  options: { readonly config?: object; readonly process?: Omit<TorusOptions, 'config' | 'cwd'> } = {},
): Promise<OverloadFixture> => {
  const held = new Set<Socket>();
  let seen = 0;
  // Heads may be longer than node:http would take.
  const upstream = await startUpstream((socket) => {
    let head = '';
    let switched = false;
    socket.setEncoding('latin1').on('data', (text: string) => {
      head = switched ? text : head + text;
      if (switched) socket.write(head);
      else if (head.endsWith('\r\n\r\n')) {
        switched = head.startsWith('GET /socket ');
        if (switched) socket.write(SWITCH);
        else if (head.startsWith('GET /hold ')) {
          seen += 1;
          held.add(socket);
        } else answer(socket, 'ok');
        head = '';
      }
    });
    socket.once('close', () => held.delete(socket)).on('end', () => socket.end());
  });
  const dir = makeTempDir('overload');
  const write = (changes: object): void => {
    const config = {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      shutdown: { timeout: '1s' },
      watch: false,
      upstreams: { service: { endpoints: [upstream.url], pool: { maxConnections: 10_000 } } },
      routes: [
        {
          name: 'health',
          match: { path: '/health' },
          upstream: 'service',
          overload: { priority: 'critical' },
        },
        { name: 'all', match: { path: '/*' }, upstream: 'service', timeouts: { responseHead: '0s' } },
      ],
      ...options.config,
      ...changes,
    };
    writeFileSync(path.join(dir, 'torus.yaml'), JSON.stringify(config));
  };
  write({});
  const starting = startTorus({ ...options.process, cwd: dir });
  const torus = await starting.catch(async (error: unknown) => {
    await upstream.close();
    throw error;
  });
  const clients = new Set<RawClient>();
  const connect = async (listener?: string): Promise<RawClient> => {
    const client = await rawClient({ port: torus.port(listener), tls: listener === 'secure' });
    clients.add(client);
    return client;
  };
  const overload = async (): Promise<OverloadView> =>
    (await (await torus.admin('/overload')).json()) as OverloadView;
  const closeClients = async (): Promise<void> => {
    await Promise.all([...clients].map((client) => client.close()));
    clients.clear();
  };
  return {
    ...{ torus, upstream, overload, connect, closeClients },
    whenOverload: async (matches, what, timeoutMs = 10_000) => {
      let last: OverloadView | undefined;
      const reached = async (): Promise<OverloadView | undefined> => {
        last = await overload();
        return matches(last) ? last : undefined;
      };
      return until(reached, timeoutMs, what).catch((error: unknown) => {
        throw new Error(`${String(error)}: ${JSON.stringify(last)}`);
      });
    },
    hold: async (fields = [], given) => {
      const client = given ?? (await connect());
      const before = seen;
      await client.send(requestHead('GET /hold', ...fields));
      const isSettled = (): boolean => seen > before || client.receivedBytes > 0 || client.socket.destroyed;
      await until(isSettled, SLOW_MS).catch(() => {
        const facts = { seen, before, written: client.socket.bytesWritten, local: client.socket.localPort };
        throw new Error(`neither held nor answered: ${JSON.stringify(facts)}\n${torus.log.tail(5)}`);
      });
      return client;
    },
    release: () => {
      for (const socket of held) answer(socket, 'held');
      held.clear();
    },
    get held() {
      return held.size;
    },
    reconfigure: async (changes) => {
      const applied = (): number => torus.logs().filter(({ msg }) => msg === 'Configuration applied').length;
      const before = applied();
      write(changes);
      torus.signal('SIGHUP');
      await until(() => applied() > before, 10_000).catch(() => {
        throw new Error(`no reload\n${torus.log.tail()}`);
      });
    },
    stop: async () => {
      await closeClients();
      await torus.stop();
      await upstream.close();
      removeTempDir(dir);
    },
  };
};

/** The lines that say which steps were entered and left, in order: `+shed fds`, `-shed fds`. */
export const stepsLogged = (torus: RunningTorus): string[] =>
  torus.logs().flatMap(({ msg, ...line }) => {
    const sign = msg === 'Overload step entered' ? '+' : msg === 'Overload step left' ? '-' : '';
    return sign === '' ? [] : [`${sign}${String(line['step'])} ${String(line['resource'])}`];
  });
