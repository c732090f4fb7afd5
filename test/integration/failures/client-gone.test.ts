/** A client that leaves, by FIN or by RST, at any phase of its exchange: the upstream socket goes too, and the cause is told. */
import {
  accessLine,
  rawClient,
  requestHead,
  startScriptedUpstream,
  startTorus,
  startUpstream,
  SWITCH,
  testCertificate,
  until,
  whenNothingIsOpen,
  type RawClient,
  type RunningTorus,
  type Scripts,
  type TestUpstream,
} from '../../support/index.js';

const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const LARGE_BYTES = 1_000_000;
const seen = new Set<string>();

/** Each notes that the request came, and then does no more than its phase needs. */
const scripts: Scripts = {
  think: ({ path }) => void seen.add(path),
  head: ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\nX-Half: yes\r\n\r\n'),
  flood: ({ socket }) => {
    const piece = Buffer.alloc(64 * 1024, 'half');
    const fill = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n');
    socket.on('drain', fill);
    fill();
  },
  sized: ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it'),
  chunked: ({ socket }) => void socket.write(`${chunked}a\r\nhalf of it\r\n`),
  closed: ({ socket }) => void socket.write('HTTP/1.0 200 OK\r\n\r\nhalf of it'),
  sse: ({ socket }) => void socket.write(`${chunked}c\r\ndata: half\n\n\r\n`),
  read: ({ socket, path }) => {
    socket.resume();
    seen.add(path);
  },
  ok: ({ socket, next }) => {
    next();
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  },
  swallow: async ({ path, body }) => {
    await body(LARGE_BYTES);
    seen.add(path);
  },
  tunnel: ({ socket }) => {
    socket.write(SWITCH);
    socket.pause();
  },
  stall: ({ socket, path }) => {
    socket.pause();
    seen.add(path);
  },
};

let torus: RunningTorus;
let upstream: TestUpstream;
let silentTls: TestUpstream;
let serial = 0;

beforeAll(async () => {
  const certificate = await testCertificate();
  upstream = await startScriptedUpstream(scripts);
  silentTls = await startUpstream((socket) => socket.on('end', () => socket.end()).resume());
  const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [
        { name: 'plain', address: '127.0.0.1:0' },
        { name: 'secure', address: '127.0.0.1:0', tls },
      ],
      admin: { address: '127.0.0.1:0' },
      upstreams: {
        // One connection only: whatever is not given back blocks the next test.
        scripted: { endpoints: [upstream.url], pool: { maxConnections: 1, maxPending: 0 } },
        silent: { endpoints: [`https://127.0.0.1:${String(silentTls.port)}`] },
      },
      routes: [
        { name: 'scripted', match: { path: '/*' }, upstream: 'scripted' },
        { name: 'silent', match: { path: '/connect/*' }, upstream: 'silent' },
      ],
    },
  });
});

afterAll(async () => {
  await torus.stop();
  await Promise.all([upstream.close(), silentTls.close()]);
});

type Leave = 'fin' | 'reset';
const leave = (client: RawClient, how: Leave): void => (how === 'fin' ? client.halfClose() : client.reset());

/** Within a second nothing is held any more, on either side, and the log names the cause. */
const expectGone = async (path: string, cause: string): Promise<void> => {
  await upstream.whenOpenSockets(0, 1_000);
  await silentTls.whenOpenSockets(0, 1_000);
  await whenNothingIsOpen(torus, 1_000);
  expect(await accessLine(torus, path)).toMatchObject({ cause });
};

interface Phase {
  readonly title: string;
  readonly script: string;
  readonly cause: string;
  readonly method?: string;
  readonly fields?: readonly string[];
  readonly body?: string;
  /** Resolves when the exchange is in that phase. */
  readonly reached: (client: RawClient, path: string) => Promise<unknown>;
}

const arrived = (_client: RawClient, path: string): Promise<unknown> => until(() => seen.has(path));
const answered = (client: RawClient): Promise<unknown> => client.readUntil('half');
const POST = { method: 'POST', script: 'read' } as const;

const PHASES: readonly Phase[] = [
  {
    ...POST,
    title: 'after the head, before the first byte of a sized request body',
    fields: ['Content-Length: 100'],
    reached: arrived,
    cause: 'downstream.body.aborted',
  },
  {
    ...POST,
    title: 'after the head, before the first chunk of a request body',
    fields: ['Transfer-Encoding: chunked'],
    reached: arrived,
    cause: 'downstream.body.aborted',
  },
  {
    ...POST,
    title: 'in the middle of a sized request body',
    fields: ['Content-Length: 100'],
    body: 'half of it',
    reached: arrived,
    cause: 'downstream.body.aborted',
  },
  {
    ...POST,
    title: 'in the middle of a chunked request body',
    fields: ['Transfer-Encoding: chunked'],
    body: 'a\r\nhalf of it\r\n5\r\nha',
    reached: arrived,
    cause: 'downstream.body.aborted',
  },
  {
    title: 'while Torus connects',
    script: 'connect',
    reached: () => until(() => silentTls.openSockets === 1),
    cause: 'downstream.wait.aborted',
  },
  {
    title: 'while the upstream thinks',
    script: 'think',
    reached: arrived,
    cause: 'downstream.wait.aborted',
  },
  {
    title: 'while the upstream thinks about a whole POST body',
    method: 'POST',
    script: 'think',
    fields: ['Content-Length: 5'],
    body: 'whole',
    reached: arrived,
    cause: 'downstream.wait.aborted',
  },
  {
    title: 'while the upstream thinks about a large POST body',
    method: 'POST',
    script: 'swallow',
    fields: [`Content-Length: ${String(LARGE_BYTES)}`],
    body: 'x'.repeat(LARGE_BYTES),
    reached: arrived,
    cause: 'downstream.wait.aborted',
  },
  {
    title: 'after the response head, before the first byte of its body',
    script: 'head',
    reached: (client) => client.readUntil('X-Half: yes'),
    cause: 'downstream.response.aborted',
  },
  {
    title: 'in the middle of a large response that flows as fast as it can',
    script: 'flood',
    reached: answered,
    cause: 'downstream.response.aborted',
  },
  {
    title: 'in the middle of a sized response',
    script: 'sized',
    reached: answered,
    cause: 'downstream.response.aborted',
  },
  {
    title: 'in the middle of a chunked response',
    script: 'chunked',
    reached: answered,
    cause: 'downstream.response.aborted',
  },
  {
    title: 'in the middle of a response that the close ends',
    script: 'closed',
    reached: answered,
    cause: 'downstream.response.aborted',
  },
  {
    title: 'while an event stream is silent',
    script: 'sse',
    reached: answered,
    cause: 'downstream.response.aborted',
  },
];

const play = async (phase: Phase, listener: 'plain' | 'secure', how: Leave): Promise<void> => {
  serial += 1;
  const path = `/${phase.script}/${String(serial)}`;
  const client = await rawClient({ port: torus.port(listener), tls: listener === 'secure' });
  const head = requestHead(`${phase.method ?? 'GET'} ${path}`, ...(phase.fields ?? []));
  await client.send(head + (phase.body ?? ''));
  await phase.reached(client, path);
  leave(client, how);
  await expectGone(path, phase.cause);
  await client.close();
};

describe.each(['fin', 'reset'] as const)('a client that leaves by %s', (how) => {
  it.each(PHASES)('$title takes the upstream socket along within a second', async (phase) => {
    await play(phase, 'plain', how);
  });

  it.each(PHASES)('$title, over TLS, takes the upstream socket along within a second', async (phase) => {
    await play(phase, 'secure', how);
  });

  it('in the middle of a request head is logged as such, and opens nothing upstream', async () => {
    const before = upstream.acceptedSockets;
    const linesBefore = torus.logs().length;
    const client = await rawClient({ port: torus.port('plain') });
    await client.send('GET /partial HTTP/1.1\r\nHost: exam');
    leave(client, how);
    await torus.waitForLog(
      (line) =>
        torus.logs().indexOf(line) >= linesBefore &&
        line['cause'] === 'downstream.head.aborted' &&
        line['status'] === 0,
    );
    await whenNothingIsOpen(torus);
    expect(upstream.acceptedSockets).toBe(before);
    await client.close();
  });

  it('between two pipelined requests takes the second along unsent', async () => {
    serial += 1;
    const client = await rawClient({ port: torus.port('plain') });
    const first = `/think/${String(serial)}-first`;
    await client.send(requestHead(`GET ${first}`) + requestHead(`GET /think/${String(serial)}-second`));
    await until(() => seen.has(first));
    leave(client, how);
    await expectGone(first, 'downstream.wait.aborted');
    expect(seen.has(`/think/${String(serial)}-second`)).toBe(false);
    await client.close();
  });
});

describe('a client that resets while nobody reads from it', () => {
  it('because its upload is blocked is noticed within a second, plain', async () => {
    await blockedUpload('plain');
  });

  it('because its upload is blocked is noticed within a second, over TLS', async () => {
    await blockedUpload('secure');
  });

  it.each(['plain', 'secure'] as const)(
    'because its tunnel is blocked is noticed within a second (%s)',
    async (listener) => {
      serial += 1;
      const path = `/tunnel/${String(serial)}`;
      const client = await rawClient({ port: torus.port(listener), tls: listener === 'secure' });
      await client.send(requestHead(`GET ${path}`, 'Connection: Upgrade', 'Upgrade: websocket'));
      await client.readUntil('\r\n\r\n');
      await floodUntilBlocked(client);
      client.reset();
      await whenNothingIsOpen(torus, 1_200);
      expect(await accessLine(torus, path)).toMatchObject({ cause: 'downstream.tunnel.aborted' });
      upstream.resetAll();
    },
  );

  it('because too much is pipelined behind a slow answer is noticed within a second', async () => {
    serial += 1;
    const path = `/think/${String(serial)}`;
    const client = await rawClient({ port: torus.port('plain') });
    await client.send(requestHead(`GET ${path}`));
    await until(() => seen.has(path));
    void client.send(requestHead('GET /ok').repeat(200_000));
    await stopsGrowing(() => client.socket.bytesWritten - client.socket.writableLength);
    client.reset();
    await expectGone(path, 'downstream.wait.aborted');
  });
});

const blockedUpload = async (listener: 'plain' | 'secure'): Promise<void> => {
  serial += 1;
  const path = `/stall/${String(serial)}`;
  const client = await rawClient({ port: torus.port(listener), tls: listener === 'secure' });
  await client.send(requestHead(`POST ${path}`, 'Content-Length: 100000000'));
  await floodUntilBlocked(client);
  client.reset();
  // The stalled upstream reads nothing, so that it cannot see the end: Torus is asked instead.
  await whenNothingIsOpen(torus, 1_200);
  expect(await accessLine(torus, path)).toMatchObject({ cause: 'downstream.body.aborted' });
  upstream.resetAll();
};

const floodUntilBlocked = async (client: RawClient): Promise<void> => {
  const piece = Buffer.alloc(1 << 20);
  let taken = 0;
  const pump = (): void => void client.socket.write(piece, (error) => (error ? undefined : more()));
  const more = (): void => {
    taken += piece.length;
    pump();
  };
  pump();
  await stopsGrowing(() => taken);
};

/** Resolves when a number has not changed for a fifth of a second. */
const stopsGrowing = async (read: () => number): Promise<void> => {
  let last = -1;
  let since = performance.now();
  await until(() => {
    const now = performance.now();
    if (read() !== last) {
      last = read();
      since = now;
    }
    return last > 0 && now - since > 200;
  });
};

describe('after all these', () => {
  it('the one connection to the upstream can be used again', async () => {
    const client = await rawClient({ port: torus.port('plain') });
    for (let count = 0; count < 3; count += 1)
      expect((await client.exchange(requestHead('GET /ok'))).status).toBe(200);
    await client.close();
  });
});
