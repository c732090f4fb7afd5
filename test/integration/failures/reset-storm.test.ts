/** Ten thousand connections reset at random points: nothing is left behind, and the worker lives. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  metricSum,
  openFds,
  rawClient,
  requestHead,
  socketsOf,
  startScriptedUpstream,
  startTorus,
  sumOf,
  SWITCH,
  testCertificate,
  until,
  whenNothingIsOpen,
  type RunningTorus,
  type Scripts,
  type TestUpstream,
} from '../../support/index.js';

const CONNECTIONS = 10_000;
const SECURE_CONNECTIONS = 1_000;
const PARALLEL = 100;
/** Of a phase that is to be hit. */
const HITS = 100;
/** Longer where the machine is too slow for answers in that time. */
let longestLifeMs = 30;

const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

const every = (socket: Socket, periodMs: number, write: () => void): void => {
  const timer = setInterval(write, periodMs);
  socket.once('close', () => clearInterval(timer));
};

const scripts: Scripts = {
  get: ({ socket, next }) => {
    next();
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  },
  slow: ({ socket, next }) => {
    setTimeout(() => {
      next();
      if (socket.writable) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    }, 15);
  },
  post: async ({ socket, body, next }) => {
    await body(POST_BYTES);
    next();
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  },
  pieces: async ({ socket, body }) => {
    await body(POST_BYTES);
    socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
  },
  large: ({ socket, next }) => {
    next();
    socket.write(LARGE);
  },
  sse: ({ socket }) => {
    socket.write(chunked);
    every(socket, 5, () => socket.write('9\r\ndata: x\n\n\r\n'));
  },
  ws: ({ socket }) => {
    socket.write(SWITCH);
    every(socket, 5, () => socket.write('frame'));
  },
};

const POST_BYTES = 50_000;
const LARGE_BYTES = 300_000;
const LARGE = `HTTP/1.1 200 OK\r\nContent-Length: ${String(LARGE_BYTES)}\r\n\r\n${'x'.repeat(LARGE_BYTES)}`;
const BODY = 'x'.repeat(POST_BYTES);
const CHUNKED_BODY = `${POST_BYTES.toString(16)}\r\n${BODY}\r\n`;

/** Whole conversations; each connection gets a random part of one. */
const CONVERSATIONS: readonly string[] = [
  requestHead('GET /get'),
  requestHead('GET /slow'),
  requestHead('GET /large'),
  requestHead('GET /sse'),
  requestHead('POST /post', `Content-Length: ${String(POST_BYTES)}`) + BODY,
  `${requestHead('POST /pieces', 'Transfer-Encoding: chunked')}${CHUNKED_BODY}0\r\n\r\n`,
  requestHead('GET /get').repeat(5) + requestHead('GET /slow').repeat(3),
  requestHead('GET /ws', 'Connection: Upgrade', 'Upgrade: websocket') + 'frames '.repeat(50),
];

/** A linear congruential generator: the same points each run. */
let state = 20_251;
const random = (below: number): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

let torus: RunningTorus;
let upstream: TestUpstream;

beforeAll(async () => {
  const certificate = await testCertificate();
  const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
  upstream = await startScriptedUpstream(scripts);
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [
        { name: 'plain', address: '127.0.0.1:0' },
        { name: 'secure', address: '127.0.0.1:0', tls, timeouts: { tlsHandshake: '1s' } },
      ],
      admin: { address: '127.0.0.1:0' },
      log: { access: false },
      upstreams: { scripted: { endpoints: [upstream.url], pool: { idleTimeout: '1s' } } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'scripted' }],
    },
  });
});

afterAll(async () => {
  await torus.stop();
  await upstream.close();
});

/**
 * Sends part of a conversation and resets: after a random moment, or once a random number of bytes has come back. Resolves when
 * the socket is closed.
 */
const strike = (port: number): Promise<void> =>
  new Promise((resolve) => {
    const text = CONVERSATIONS[random(CONVERSATIONS.length)] ?? '';
    const sent = random(3) === 0 ? text.slice(0, random(text.length)) : text;
    const byTime = random(3) === 0;
    const lifeMs = byTime ? random(longestLifeMs) : 3 * longestLifeMs;
    const wantedBytes = byTime ? Infinity : random(random(2) === 0 ? 200 : LARGE_BYTES);
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve());
    socket.once('connect', () => {
      if (sent !== '') socket.write(sent, 'latin1');
      const timer = setTimeout(() => socket.resetAndDestroy(), lifeMs);
      socket.once('close', () => clearTimeout(timer));
      // Some never read at all.
      if (byTime && random(2) === 0) return;
      socket.on('data', () => {
        if (socket.bytesRead >= wantedBytes) socket.resetAndDestroy();
      });
    });
  });

/** As above, over TLS: resets or FINs before, inside and after the handshake, garbage, and silence past its deadline. */
const strikeSecure = (port: number): Promise<void> =>
  new Promise((resolve) => {
    const tcp = connect({ port, host: '127.0.0.1', noDelay: true });
    const kind = random(10);
    tcp.on('error', () => undefined);
    tcp.once('close', () => resolve());
    tcp.once('connect', () => {
      const end = (): unknown => (random(2) === 0 ? tcp.resetAndDestroy() : tcp.destroy());
      // Silence: Torus has to end it.
      if (kind === 0 && random(10) === 0) return void tcp.resume();
      const timer = setTimeout(end, random(2 * longestLifeMs));
      tcp.once('close', () => clearTimeout(timer));
      if (kind === 1) return void tcp.resume().write('GET / HTTP/1.1\r\n\r\n');
      if (kind === 2) return undefined;
      const secure = connectTls({ socket: tcp, rejectUnauthorized: false });
      secure.on('error', () => undefined);
      secure.resume().write(CONVERSATIONS[random(CONVERSATIONS.length)] ?? '', 'latin1');
      return undefined;
    });
  });

const storm = async (count: number, strikeOnce: () => Promise<void>): Promise<void> => {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await strikeOnce();
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
};

const ask = async (): Promise<number> => {
  const client = await rawClient({ port: torus.port('plain') });
  const { status } = await client.exchange(requestHead('GET /get'));
  await client.close();
  return status;
};

const ENDS = [
  'downstream.body.aborted',
  'downstream.wait.aborted',
  'downstream.response.aborted',
  'downstream.tunnel.aborted',
  'ok',
];

/** How often the phase was hit that was hit least. */
const fewestHits = async (): Promise<number> => {
  const text = await (await torus.admin('/metrics')).text();
  const rejected = sumOf(text, 'torus_rejected_requests_total', { cause: 'downstream.head.aborted' });
  const ended = ENDS.map((cause) => sumOf(text, 'torus_http_requests_total', { cause }));
  return Math.min(rejected, ...ended);
};

/** The storm is worth nothing if all were hit in the same phase: it goes on until each was. */
const untilEveryPhaseIsHit = async (): Promise<void> => {
  while ((await fewestHits()) <= HITS) {
    longestLifeMs *= 2;
    await storm(CONNECTIONS / 10, () => strike(torus.port('plain')));
  }
};

it('10,000 connections reset at random points leave no upstream socket, no descriptor and a live worker', async () => {
  const [worker] = torus.workers();
  expect(await ask()).toBe(200);
  await whenNothingIsOpen(torus, 5_000);
  const baseFds = openFds(worker!);

  await storm(CONNECTIONS, () => strike(torus.port('plain')));
  await untilEveryPhaseIsHit();

  // The last ones may still wait to be accepted.
  const accepted = (): Promise<number> =>
    metricSum(torus, 'torus_sockets_opened_total', { side: 'downstream' });
  await until(async () => (await accepted()) > CONNECTIONS, 5_000, 'every connection to be accepted');
  await whenNothingIsOpen(torus, 5_000);
  await upstream.whenOpenSockets(0, 1_000);
  await until(() => Math.abs(openFds(worker!) - baseFds) <= 2, 5_000, 'the descriptors to be back');
  expect(socketsOf(worker!).filter(({ state: name }) => name !== 'LISTEN')).toEqual([]);
  expect(torus.workers()).toEqual([worker]);
  expect(await ask()).toBe(200);
}, 60_000);

it('1,000 TLS connections broken before, inside and after the handshake leave nothing either', async () => {
  const [worker] = torus.workers();
  await until(async () => (await metricSum(torus, 'torus_sockets_open', { side: 'upstream' })) === 0);
  const baseFds = openFds(worker!);
  const labels = { side: 'downstream', owner: 'secure' };

  await storm(SECURE_CONNECTIONS, () => strikeSecure(torus.port('secure')));

  const accepted = (): Promise<number> => metricSum(torus, 'torus_sockets_opened_total', labels);
  await until(
    async () => (await accepted()) === SECURE_CONNECTIONS,
    5_000,
    'every connection to be accepted',
  );
  await whenNothingIsOpen(torus, 5_000);
  expect(await metricSum(torus, 'torus_sockets_closed_total', labels)).toBe(SECURE_CONNECTIONS);
  expect(
    await metricSum(torus, 'torus_sockets_closed_total', { ...labels, reason: 'handshake-failed' }),
  ).toBeGreaterThan(50);
  await until(() => Math.abs(openFds(worker!) - baseFds) <= 2, 5_000, 'the descriptors to be back');
  expect(torus.workers()).toEqual([worker]);
}, 30_000);
