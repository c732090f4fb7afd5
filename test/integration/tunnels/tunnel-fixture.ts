/** One Torus for all tests about tunnels of a file, and upstreams that switch protocols the way a test wants. */
import type { Socket } from 'node:net';
import {
  freePort,
  rawClient,
  startTorus,
  startUpstream,
  testCertificate,
  type LogLine,
  type RawClient,
  type RunningTorus,
  type TestUpstream,
  TEST_SECRET,
} from '../../support/index.js';

export type OnRequest = (socket: Socket, head: string, rest: Buffer) => void;

export interface TunnelStage {
  readonly torus: RunningTorus;
  readonly plain: TestUpstream;
  readonly secure: TestUpstream;
  readonly caPem: string;
  /** What the upstreams do with requests for that path. */
  answer(path: string, onRequest: OnRequest): void;
  /** Heads that reached an upstream, by path. */
  headsOf(path: string): readonly string[];
  client(listener: 'plain' | 'secure'): Promise<RawClient>;
  accessLine(path: string): Promise<LogLine>;
  stop(): Promise<void>;
}

export const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n';

/** The head of a WebSocket handshake that nothing checks: tunnels carry bytes. */
export const upgradeHead = (path: string, ...fields: readonly string[]): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: example.test',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    ...fields,
    '',
    '',
  ].join('\r\n');

/** Switches, then gives every byte back. */
export const echoTunnel: OnRequest = (socket, _head, rest) => {
  socket.write(SWITCH);
  if (rest.length > 0) socket.write(rest);
  socket.on('data', (chunk: Buffer) => {
    if (!socket.write(chunk)) {
      socket.pause();
      socket.once('drain', () => socket.resume());
    }
  });
  socket.on('end', () => socket.end());
};

const route = (name: string, upstream: string, more: object = {}) => ({
  name,
  match: { path: `/${name}/*` },
  upstream,
  ...more,
});

const configuration = (urls: { plain: string; secure: string; dead: string }, files: object, ca: string) => ({
  workers: 1,
  listeners: [
    { name: 'plain', address: '127.0.0.1:0' },
    { name: 'secure', address: '127.0.0.1:0', tls: { certificates: [files] } },
  ],
  admin: { address: '127.0.0.1:0' },
  upstreams: {
    plain: { endpoints: [urls.plain] },
    secure: { endpoints: [urls.secure], tls: { ca } },
    dead: { endpoints: [urls.dead] },
  },
  routes: [
    route('plain', 'plain'),
    route('secure', 'secure'),
    route('dead', 'dead'),
    route('off', 'plain', { upgrades: false }),
    route('other', 'plain', { upgrades: ['Other'] }),
    route('idle', 'plain', { timeouts: { idle: '400ms' } }),
    route('jwt', 'plain', { filters: [{ 'jwt-auth': { secret: TEST_SECRET } }] }),
  ],
});

/** Reads one head from each connection and hands it, with what came after it, to the answer for its path. */
const takeHeads =
  (answers: ReadonlyMap<string, OnRequest>, heads: Map<string, string[]>) =>
  (socket: Socket): void => {
    let bytes = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', onData);
      const head = bytes.toString('latin1', 0, end + 4);
      const path = head.split(' ')[1] ?? '';
      heads.set(path, [...(heads.get(path) ?? []), head]);
      const answer = answers.get(path);
      if (answer === undefined) socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
      else answer(socket, head, bytes.subarray(end + 4));
    };
    socket.on('data', onData);
    // As servers do, unless the test was first: half-open for ever is nobody's habit.
    socket.on('end', () => setTimeout(() => socket.end(), 100));
  };

export const startTunnelStage = async (): Promise<TunnelStage> => {
  const certificate = await testCertificate();
  const answers = new Map<string, OnRequest>();
  const heads = new Map<string, string[]>();
  const clients: RawClient[] = [];
  const plain = await startUpstream(takeHeads(answers, heads));
  const secure = await startUpstream(takeHeads(answers, heads), { tls: certificate });
  const dead = `http://127.0.0.1:${String(await freePort())}`;
  const files = { cert: certificate.certFile, key: certificate.keyFile };
  const torus = await startTorus({
    config: configuration({ plain: plain.url, secure: secure.url, dead }, files, certificate.caFile),
  });
  return {
    torus,
    plain,
    secure,
    caPem: certificate.caPem,
    answer: (path, onRequest) => void answers.set(path, onRequest),
    headsOf: (path) => heads.get(path) ?? [],
    client: async (listener) => {
      const tls = listener === 'secure' ? { tls: { ca: certificate.caPem } } : {};
      const client = await rawClient({ port: torus.port(listener), ...tls });
      clients.push(client);
      return client;
    },
    accessLine: (path) => torus.waitForLog((line) => line.msg === 'access' && line['path'] === path),
    stop: async () => {
      // Those of a test that failed half way.
      await Promise.all(clients.map((client) => client.close()));
      await torus.stop();
      await Promise.all([plain.close(), secure.close()]);
    },
  };
};

/** Opens a tunnel on that path and reads the 101. */
export const openTunnel = async (
  stage: TunnelStage,
  listener: 'plain' | 'secure',
  path: string,
): Promise<RawClient> => {
  const client = await stage.client(listener);
  const response = await client.exchange(upgradeHead(path));
  if (response.status !== 101) throw new Error(`no tunnel: ${String(response.status)} ${response.text()}`);
  return client;
};
