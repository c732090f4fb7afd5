/** Causes that lie with an upstream that was reached: while it takes the request, answers, or has a tunnel. */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import {
  accessLine,
  requestHead,
  startFrameUpstream,
  startScriptedUpstream,
  SWITCH,
  until,
  type ReadResponse,
  type Scripts,
} from '../../support/index.js';
import { CauseStage, answered, cut, type Seen } from './cause-stage.js';

const REFUSED_STREAM = 7;
const sized = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it';
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhalf of it\r\n';
const sockets = new Map<string, Socket>();

const writes =
  (text: string): Scripts[string] =>
  ({ socket, path }) => {
    sockets.set(path, socket);
    socket.write(text, 'latin1');
  };

const scripts: Scripts = {
  takes: ({ socket, path }) => {
    socket.resume();
    sockets.set(path, socket);
  },
  deaf: ({ socket }) => void socket.pause(),
  closes: ({ socket }) => void socket.end(),
  resets: ({ socket }) => void socket.resetAndDestroy(),
  silent: () => undefined,
  garbage: writes('\u0016\u0003\u0001 this is no HTTP\r\n\r\n'),
  huge: writes(`HTTP/1.1 200 OK\r\nX-Huge: ${'x'.repeat(200_000)}\r\n\r\n`),
  switches: writes(SWITCH),
  sized: writes(sized),
  chunked: writes(chunked),
  idle: writes(SWITCH),
};

const stage = new CauseStage(async () => {
  const upstream = await startScriptedUpstream(scripts);
  const refusing = await startFrameUpstream((server, stream) =>
    server.send(server.reset(stream, REFUSED_STREAM)),
  );
  const timeouts = { responseHead: '300ms', idle: '400ms' };
  const patience = { responseHead: '300ms', idle: '10s' };
  return {
    upstreams: [upstream, refusing],
    config: {
      upstreams: {
        main: { endpoints: [upstream.url] },
        refusing: { endpoints: [refusing.url], protocol: 'http2' },
      },
      routes: [
        { name: 'main', match: { path: '/*' }, upstream: 'main', timeouts: patience },
        { name: 'deaf', match: { path: '/deaf/*' }, upstream: 'main', timeouts },
        { name: 'idle', match: { path: '/idle/*' }, upstream: 'main', timeouts },
        { name: 'sized', match: { path: '/sized/timeout/*' }, upstream: 'main', timeouts },
        { name: 'refusing', match: { path: '/refusing/*' }, upstream: 'refusing' },
      ],
    },
  };
});

const ask = async (script: string): Promise<Seen> => answered(await stage.ask(script));
const upgrade = (path: string): string =>
  requestHead(`GET ${path}`, 'Connection: Upgrade', 'Upgrade: websocket');

/** A response has begun, and then the upstream does that. */
const afterHalf = async (script: string, act: (socket: Socket) => void): Promise<Seen> => {
  const path = stage.path(script);
  const client = await stage.connect();
  await client.send(requestHead(`GET ${path}`));
  await until(() => client.unread.includes('half of it'));
  act(sockets.get(path)!);
  return cut(await client.response());
};

const stateOf = (pid: number): string | undefined =>
  /\) (\w)/.exec(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'))?.[1];

/** Both happen while the worker looks away: a piece of the body comes, and the upstream resets. */
const resetAndSend = async (pieceFirst: boolean): Promise<{ response: ReadResponse; cause: unknown }> => {
  const path = stage.path('takes');
  const client = await stage.connect();
  await client.send(requestHead(`POST ${path}`, 'Content-Length: 1000'));
  await until(() => sockets.has(path));
  const [worker] = stage.torus.workers();
  process.kill(worker!, 'SIGSTOP');
  await until(() => stateOf(worker!) === 'T');
  if (pieceFirst) await client.send('a piece of the body');
  sockets.get(path)!.resetAndDestroy();
  if (!pieceFirst) await client.send('a piece of the body');
  process.kill(worker!, 'SIGCONT');
  const response = await client.response();
  return { response, cause: (await accessLine(stage.torus, path))['cause'] };
};

describe('before its response, an upstream', () => {
  stage.drives('upstream.request.reset', 'resets while a piece of the body is about to be sent', async () => {
    // Which of the two the worker sees first is the kernel's choice: the other one is head.reset, and asks for another try.
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const { response, cause } = await resetAndSend(attempt % 2 === 0);
      if (cause === 'upstream.request.reset') return answered(response);
    }
    throw new Error('the worker saw the reset before the piece, twenty times');
  });
  stage.drives('upstream.request.timeout', 'does not read the body', async () => {
    const path = stage.path('deaf');
    const client = await stage.connect();
    // More than the kernel holds of what nobody reads.
    const size = 64 * 1024 * 1024;
    const body = Buffer.alloc(size);
    await client.send(requestHead(`POST ${path}`, `Content-Length: ${String(size)}`));
    return answered(await client.exchange(body));
  });
  stage.drives('upstream.head.closed', 'closes', () => ask('closes'));
  stage.drives('upstream.head.reset', 'resets', () => ask('resets'));
  stage.drives('upstream.head.malformed', 'answers with a TLS record', () => ask('garbage'));
  stage.drives('upstream.head.too-large', 'answers with a field of two hundred kilobytes', () => ask('huge'));
  stage.drives('upstream.head.timeout', 'says nothing', () => ask('silent'));
  stage.drives('upstream.head.refused', 'refuses the stream each time (HTTP/2)', () => ask('refusing'));
  stage.drives('upstream.upgrade.invalid', 'switches protocols although nobody asked', () => ask('switches'));
  stage.drives(
    'upstream.upgrade.unsupported',
    'speaks HTTP/2 alone, and a WebSocket is asked for',
    async () => {
      const client = await stage.connect();
      return answered(await client.exchange(upgrade(stage.path('refusing'))));
    },
  );
});

describe('within its response, an upstream', () => {
  stage.drives('upstream.body.closed', 'closes', () => afterHalf('sized', (socket) => void socket.end()));
  stage.drives('upstream.body.reset', 'resets', () =>
    afterHalf('sized', (socket) => void socket.resetAndDestroy()),
  );
  stage.drives('upstream.body.malformed', 'sends a chunk whose size is no number', () =>
    afterHalf('chunked', (socket) => void socket.write('zz\r\nhello')),
  );
  stage.drives('upstream.body.overhead', 'sends a megabyte in chunks of one byte', () =>
    afterHalf('chunked', (socket) => void socket.write('1\r\nx\r\n'.repeat(1_000_000))),
  );
  stage.drives('upstream.body.timeout', 'falls silent', () => afterHalf('sized/timeout', () => undefined));
});

describe('in a tunnel, an upstream', () => {
  const tunnelled = async (script: string, act: (socket: Socket) => void): Promise<Seen> => {
    const path = stage.path(script);
    const client = await stage.connect();
    const opened: ReadResponse = await client.exchange(upgrade(path));
    act(sockets.get(path)!);
    await client.ended();
    return { saw: 'cut', status: opened.status };
  };
  stage.drives('upstream.tunnel.reset', 'resets', () =>
    tunnelled('switches', (socket) => void socket.resetAndDestroy()),
  );
  stage.drives('upstream.tunnel.timeout', 'is as silent as its client', () =>
    tunnelled('idle', () => undefined),
  );
});
