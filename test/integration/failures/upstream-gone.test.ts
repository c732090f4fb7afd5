/** An upstream that breaks at any phase: 502, 503 or 504 by cause while nothing was sent, else a connection that shows the break. */
import {
  BUSY_MS,
  accessLine,
  freePort,
  ledgerOf,
  rawClient,
  requestHead,
  startScriptedUpstream,
  startTorus,
  startUpstream,
  testCertificate,
  until,
  whenNothingIsOpen,
  type ReadResponse,
  type RunningTorus,
  type Scripts,
  type TestUpstream,
} from '../../support/index.js';

const sized = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it';
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhalf of it\r\n';
const closing = 'HTTP/1.1 200 OK\r\n\r\nhalf of it';

const writeThen = (text: string, end: 'end' | 'resetAndDestroy'): Scripts[string] => {
  return ({ socket }) => {
    if (text === '') socket[end]();
    // The pause lets the text arrive: a reset would overtake it.
    else socket.write(text, 'latin1', () => setTimeout(() => socket[end](), 30));
  };
};
const writeOnly = (text: string): Scripts[string] => {
  return ({ socket }) => void socket.write(text, 'latin1');
};

const scripts: Scripts = {
  'fin-before-head': writeThen('', 'end'),
  'reset-before-head': writeThen('', 'resetAndDestroy'),
  'fin-mid-head': writeThen('HTTP/1.1 200 OK\r\nContent-Le', 'end'),
  'reset-mid-head': writeThen('HTTP/1.1 200 OK\r\nContent-Le', 'resetAndDestroy'),
  'fin-mid-sized': writeThen(sized, 'end'),
  'reset-mid-sized': writeThen(sized, 'resetAndDestroy'),
  'fin-mid-chunked': writeThen(chunked, 'end'),
  'reset-mid-chunked': writeThen(chunked, 'resetAndDestroy'),
  'reset-mid-closing': writeThen(closing, 'resetAndDestroy'),
  hang: () => undefined,
  'hang-mid-head': writeOnly('HTTP/1.1 200 OK\r\nContent-Le'),
  'silent-sized': writeOnly(sized),
  'silent-chunked': writeOnly(chunked),
  'silent-early': async ({ socket, body }) => {
    await body(10);
    socket.write(sized);
    await body(10);
  },
  trickle: ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const timer = setInterval(() => socket.write('1\r\nx\r\n'), 50);
    socket.once('close', () => clearInterval(timer));
  },
  garbage: writeOnly('\u0016\u0003\u0001 this is no HTTP\r\n\r\n'),
  'bad-length': writeOnly('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'),
  'bad-chunk': writeOnly('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello'),
  'bad-later-chunk': ({ socket }) => {
    socket.write(chunked, () => setTimeout(() => socket.write('zz\r\nhello'), 30));
  },
  'huge-head': writeOnly(`HTTP/1.1 200 OK\r\nX-Huge: ${'x'.repeat(200_000)}\r\n\r\n`),
  interims: writeOnly('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100)),
  'unread-fin': ({ socket }) => {
    socket.pause().end();
    setTimeout(() => socket.resume(), 100);
  },
  'unread-reset': ({ socket }) => void socket.pause().resetAndDestroy(),
  'after-some': async ({ socket, body }) => {
    await body(100_000);
    socket.resetAndDestroy();
  },
  ok: ({ socket, next }) => {
    next();
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  },
};

let torus: RunningTorus;
let upstream: TestUpstream;
let silentTls: TestUpstream;
let plaintext: TestUpstream;
let serial = 0;

const HEAD_MS = 400;
const IDLE_MS = 500;
const REQUEST_MS = 600;
const CONNECT_MS = 300;

beforeAll(async () => {
  const certificate = await testCertificate();
  upstream = await startScriptedUpstream(scripts);
  silentTls = await startUpstream((socket) => socket.on('end', () => socket.end()).resume());
  plaintext = await startUpstream((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const to = (url: string): object => ({
    endpoints: [url],
    timeouts: { connect: `${String(CONNECT_MS)}ms` },
  });
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
        scripted: to(upstream.url),
        refused: to(`http://127.0.0.1:${String(await freePort())}`),
        nameless: to('http://no-such-name.invalid:9'),
        silent: to(`https://127.0.0.1:${String(silentTls.port)}`),
        plaintext: to(`https://127.0.0.1:${String(plaintext.port)}`),
      },
      routes: [
        {
          name: 'scripted',
          match: { path: '/*' },
          upstream: 'scripted',
          timeouts: { responseHead: `${String(HEAD_MS)}ms`, idle: `${String(IDLE_MS)}ms` },
        },
        {
          name: 'limited',
          match: { path: '/trickle/*' },
          upstream: 'scripted',
          timeouts: { request: `${String(REQUEST_MS)}ms` },
        },
        {
          name: 'limited-hang',
          match: { path: '/hang/in-all/*' },
          upstream: 'scripted',
          timeouts: { request: `${String(REQUEST_MS)}ms` },
        },
        { name: 'refused', match: { path: '/refused/*' }, upstream: 'refused' },
        { name: 'nameless', match: { path: '/nameless/*' }, upstream: 'nameless' },
        { name: 'silent', match: { path: '/silent/*' }, upstream: 'silent' },
        { name: 'plaintext', match: { path: '/plaintext/*' }, upstream: 'plaintext' },
      ],
    },
  });
});

afterAll(async () => {
  await torus.stop();
  await Promise.all([upstream.close(), silentTls.close(), plaintext.close()]);
});

interface Outcome {
  readonly path: string;
  readonly response: ReadResponse;
  readonly tookMs: number;
}

const ask = async (
  script: string,
  { request = '', listener = 'plain' }: { request?: string; listener?: 'plain' | 'secure' } = {},
): Promise<Outcome> => {
  serial += 1;
  const path = `/${script}/${String(serial)}`;
  const client = await rawClient({ port: torus.port(listener), tls: listener === 'secure' });
  const startedAt = performance.now();
  const bytes = request === '' ? requestHead(`GET ${path}`) : request.replace('PATH', path);
  const response = await client.exchange(bytes);
  const tookMs = performance.now() - startedAt;
  await client.close();
  await upstream.whenOpenSockets(0, 1_000);
  return { path, response, tookMs };
};

/** An answer of Torus's own that names the cause, and one access log line that does as well. */
const expectProblem = async (outcome: Outcome, status: number, cause: string): Promise<void> => {
  const { response, path } = outcome;
  expect([response.status, response.end]).toEqual([status, 'complete']);
  expect(response.field('content-type')).toBe('application/problem+json');
  expect(JSON.parse(response.text())).toMatchObject({ status, cause });
  expect(await accessLine(torus, path)).toMatchObject({ status, cause });
};

/** More than all kernel buffers on the way can take. */
const UPLOAD_BYTES = 24_000_000;
const upload = `POST PATH HTTP/1.1\r\nHost: a\r\nContent-Length: ${String(UPLOAD_BYTES)}\r\n\r\n${'x'.repeat(UPLOAD_BYTES)}`;
const smallPost = 'POST PATH HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello';

describe('before the response head', () => {
  it.each([
    ['a refused connection', 'refused', 502, 'upstream.connect.refused'],
    ['a name that does not resolve', 'nameless', 502, 'upstream.connect.unresolved'],
    ['an endpoint that accepts but never shakes hands', 'silent', 504, 'upstream.tls.timeout'],
    ['an endpoint that speaks no TLS', 'plaintext', 502, 'upstream.tls.failed'],
    ['a FIN instead of a response', 'fin-before-head', 502, 'upstream.head.closed'],
    ['a reset instead of a response', 'reset-before-head', 502, 'upstream.head.reset'],
    ['a FIN inside the head', 'fin-mid-head', 502, 'upstream.head.closed'],
    ['a reset inside the head', 'reset-mid-head', 502, 'upstream.head.reset'],
    ['garbage', 'garbage', 502, 'upstream.head.malformed'],
    ['two content lengths', 'bad-length', 502, 'upstream.head.malformed'],
    ['a first chunk without a size', 'bad-chunk', 502, 'upstream.body.malformed'],
    ['a huge head', 'huge-head', 502, 'upstream.head.too-large'],
    ['interim responses without end', 'interims', 502, 'upstream.head.malformed'],
    ['silence', 'hang', 504, 'upstream.head.timeout'],
    ['silence inside the head', 'hang-mid-head', 504, 'upstream.head.timeout'],
  ] as const)('%s (%s) is answered %i with the cause', async (_title, script, status, cause) => {
    await expectProblem(await ask(script), status, cause);
  });

  it.each([
    ['a FIN', 'fin-before-head', 'upstream.head.closed'],
    ['a reset', 'reset-before-head', 'upstream.head.reset'],
  ] as const)(
    '%s after a whole POST is answered 502, and the POST is sent once',
    async (_t, script, cause) => {
      const before = upstream.acceptedSockets;
      await expectProblem(await ask(script, { request: smallPost }), 502, cause);
      expect(upstream.acceptedSockets).toBe(before + 1);
    },
  );

  it.each(['unread-fin', 'unread-reset', 'after-some'])(
    'an upstream that goes while the request is being sent (%s) is answered 502 and the connection ends',
    async (script) => {
      const { response, path } = await ask(script, { request: upload });
      expect([response.status, response.end]).toEqual([502, 'complete']);
      expect(response.field('connection')).toBe('close');
      const line = await accessLine(torus, path);
      expect(line['cause']).toMatch(/^upstream\.(request\.reset|head\.(reset|closed))$/);
    },
  );

  it('a hung upstream is given up after the responseHead timeout, no sooner and hardly later', async () => {
    const { tookMs } = await ask('hang');
    expect(tookMs).toBeGreaterThan(HEAD_MS - 20);
    expect(tookMs).toBeLessThan(HEAD_MS + BUSY_MS);
  });

  it('the request timeout covers the whole exchange: 504 while nothing was sent', async () => {
    const outcome = await ask('hang/in-all');
    await expectProblem(outcome, 504, 'upstream.exchange.timeout');
    expect(outcome.tookMs).toBeGreaterThan(REQUEST_MS - 20);
    expect(outcome.tookMs).toBeLessThan(REQUEST_MS + BUSY_MS);
  });
});

describe.each(['plain', 'secure'] as const)('inside the response body (%s client)', (listener) => {
  it.each([
    ['a FIN inside a sized body', 'fin-mid-sized', 'upstream.body.closed'],
    ['a reset inside a sized body', 'reset-mid-sized', 'upstream.body.reset'],
    ['a FIN inside a chunked body', 'fin-mid-chunked', 'upstream.body.closed'],
    ['a reset inside a chunked body', 'reset-mid-chunked', 'upstream.body.reset'],
    ['a reset inside a body that only the close ends', 'reset-mid-closing', 'upstream.body.reset'],
    ['a malformed later chunk', 'bad-later-chunk', 'upstream.body.malformed'],
    ['silence inside a sized body', 'silent-sized', 'upstream.body.timeout'],
    ['silence inside a chunked body', 'silent-chunked', 'upstream.body.timeout'],
  ] as const)('%s breaks the client connection: no final chunk is made up', async (_title, script, cause) => {
    const { response, path } = await ask(script, { listener });
    expect([response.status, response.text()]).toEqual([200, 'half of it']);
    expect(listener === 'plain' ? ['reset'] : ['closed', 'reset']).toContain(response.end);
    expect(await accessLine(torus, path)).toMatchObject({ status: 200, cause });
  });

  it('silence inside a response that began before the whole request was sent breaks it as well', async () => {
    serial += 1;
    const path = `/silent-early/${String(serial)}`;
    await using client = await rawClient({ port: torus.port(listener), tls: listener === 'secure' });
    await client.send(`${requestHead(`POST ${path}`, 'Content-Length: 20')}first half`);
    await client.readUntil('half of it');
    await client.send('other half');
    expect(await accessLine(torus, path, 10_000)).toMatchObject({
      status: 200,
      cause: 'upstream.body.timeout',
    });
  });

  it('the request timeout cuts a response that goes on too long', async () => {
    const { response, path, tookMs } = await ask('trickle', { listener });
    expect(['closed', 'reset']).toContain(response.end);
    expect(tookMs).toBeLessThan(REQUEST_MS + BUSY_MS);
    expect(await accessLine(torus, path)).toMatchObject({ cause: 'upstream.exchange.timeout' });
  });
});

describe('an HTTP/1.0 client, whose response only the close of the connection ends', () => {
  it.each(['fin-mid-sized', 'fin-mid-chunked', 'reset-mid-chunked'])(
    'sees a reset after %s',
    async (script) => {
      const { response } = await ask(script, { request: 'GET PATH HTTP/1.0\r\nHost: a\r\n\r\n' });
      expect(response.end).toBe('reset');
    },
  );
});

describe('after all these', () => {
  it('every exchange has ended once: as many log lines as requests, none in flight, no socket left', async () => {
    await whenNothingIsOpen(torus);
    await until(() => new Set(paths()).size === serial);
    expect(paths()).toHaveLength(serial);
    expect((await ledgerOf(torus)).inFlight).toBe(0);
  });

  it('the upstream is asked as before', async () => {
    const client = await rawClient({ port: torus.port('plain') });
    expect((await client.exchange(requestHead('GET /ok'))).status).toBe(200);
    await client.close();
  });
});

const paths = (): unknown[] =>
  torus
    .logs()
    .filter(({ msg }) => msg === 'access')
    .map((line) => line['path']);
