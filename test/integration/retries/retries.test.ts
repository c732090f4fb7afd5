/** What is tried again, how often, on which endpoint and with what body; and what never is. */
import {
  BUSY_MS,
  accessLine,
  freePort,
  metricSum,
  rawClient,
  startTorus,
  until,
  whenNothingIsOpen,
  type LogLine,
  type ReadResponse,
  type RunningTorus,
} from '../../support/index.js';
import { FaultyUpstreams } from './faulty-upstream.js';

const upstreams = new FaultyUpstreams();
let torus: RunningTorus;
let serial = 0;

/** The `retry` of the route for each host. */
const POLICIES: Readonly<Record<string, unknown>> = {
  default: undefined,
  off: false,
  none: { attempts: 0 },
  reset: { attempts: 2, on: 'reset' },
  '5xx': { attempts: 2, on: ['5xx'] },
  gateway: { attempts: 2, retryOn: ['gateway-error'] },
  listed: { attempts: 2, on: [429, '504'] },
  words: { attempts: 2, on: 'retriable-4xx, connect-failure' },
  timeout: { attempts: 2, on: ['timeout'] },
  'per-try': { attempts: 2, perTryTimeout: '500ms' },
  many: { attempts: 3, on: ['5xx'], backoff: { base: '0s', max: '0s' } },
  slow: { attempts: 3, on: ['5xx'], backoff: { base: '100ms', max: '200ms' } },
  slowest: { attempts: 3, on: ['5xx'], backoff: { base: '20s', max: '20s' } },
  all: { attempts: 2, on: ['5xx'], nonIdempotent: true },
  small: { attempts: 2, on: ['5xx'], buffer: '1KiB' },
};

const TIMEOUTS: Readonly<Record<string, object>> = {
  timeout: { responseHead: '500ms' },
  many: { request: '700ms' },
};

beforeAll(async () => {
  await upstreams.start(2);
  const refused = `http://127.0.0.1:${String(await freePort())}`;
  const [first = ''] = upstreams.urls;
  const groups: Record<string, unknown[]> = {
    two: upstreams.urls,
    one: [first],
    'half-dead': [refused, first],
    dead: [refused],
    // Nearly every pick is the first one.
    uneven: upstreams.urls.map((url, index) => ({ url, weight: index === 0 ? 1000 : 1 })),
  };
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      // No connection is used twice: a stale one is tried again whatever the policy says.
      upstreams: Object.fromEntries(
        Object.entries(groups).map(([name, endpoints]) => [
          name,
          // Nor is one ejected, which would leave no other to go to.
          { endpoints, balancer: 'round-robin', pool: { maxIdle: 0 }, outlierEjection: false },
        ]),
      ),
      routes: Object.entries(POLICIES).flatMap(([policy, retry]) =>
        Object.keys(groups).map((upstream) => ({
          name: `${policy}-${upstream}`,
          match: { host: `${policy}.${upstream}.test`, path: '/*' },
          upstream,
          timeouts: TIMEOUTS[policy] ?? {},
          ...(retry === undefined ? {} : { retry }),
        })),
      ),
    },
  });
});

afterAll(async () => {
  await torus.stop();
  await upstreams.close();
});

interface Outcome {
  readonly response: ReadResponse;
  readonly line: LogLine;
  readonly tookMs: number;
  readonly path: string;
}

interface Asking {
  readonly method?: string;
  readonly upstream?: string;
  readonly body?: string;
  /** Sent one after the other, each when the one before has arrived. */
  readonly chunks?: readonly string[];
}

/** Asks once under the policy, on a connection of its own. */
const ask = async (policy: string, what: string, asking: Asking = {}): Promise<Outcome> => {
  const { method = 'GET', upstream = 'two', body, chunks } = asking;
  serial += 1;
  const path = `/${what}/${String(serial)}`;
  await using client = await rawClient({ port: torus.port() });
  const startedAt = performance.now();
  const framing =
    chunks !== undefined
      ? 'Transfer-Encoding: chunked\r\n'
      : body === undefined
        ? ''
        : `Content-Length: ${String(body.length)}\r\n`;
  await client.send(
    `${method} ${path} HTTP/1.1\r\nHost: ${policy}.${upstream}.test\r\n${framing}\r\n${body ?? ''}`,
  );
  for (const chunk of chunks ?? []) {
    await client.send(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    await torus.admin('/livez');
  }
  if (chunks !== undefined) await client.send('0\r\nX-Sum: 12\r\n\r\n');
  const response = await client.response({ method });
  const tookMs = performance.now() - startedAt;
  return { response, line: await accessLine(torus, path), tookMs, path };
};

const causesIn = (line: LogLine): string[] =>
  ((line['failedAttempts'] ?? []) as { cause: string }[]).map(({ cause }) => cause);

describe('is tried again on another endpoint, and answered', () => {
  it.each([
    ['a reset', 'reset', 'reset/1', 'upstream.head.reset'],
    ['a close without a response', 'reset', 'fin/1', 'upstream.head.closed'],
    ['an answer that is no HTTP', 'reset', 'garbage/1', 'upstream.head.malformed'],
    ['a reset, where 5xx are', '5xx', 'reset/1', 'upstream.head.reset'],
    ['a reset, where gateway errors are', 'gateway', 'reset/1', 'upstream.head.reset'],
    ['a 500', '5xx', '500/1', 'status.500'],
    ['a 503 with a body that never ends', '5xx', 'long-503/1', 'status.503'],
    ['a 502, where gateway errors are', 'gateway', '502/1', 'status.502'],
    ['a 409, where retriable 4xx are', 'words', '409/1', 'status.409'],
    ['a status that is listed', 'listed', '429/1', 'status.429'],
    ['a status that is listed as text', 'listed', '504/1', 'status.504'],
    ['silence, after the response head timeout', 'timeout', 'hang/1', 'upstream.head.timeout'],
    ['silence, after the time of one try', 'per-try', 'hang/1', 'upstream.attempt.timeout'],
    ['a Retry-After that is only the one endpoint’s', '5xx', 'later-503/1', 'status.503'],
  ])('%s (%s)', async (_title, policy, what, cause) => {
    const { response, line, path } = await ask(policy, what);
    expect([response.status, response.text()]).toEqual([200, 'try 2']);
    const [first, second] = upstreams.triesOf(path);
    expect(second!.port).not.toBe(first!.port);
    expect(line).toMatchObject({
      attempts: 2,
      cause: 'ok',
      endpoint: `127.0.0.1:${String(second!.port)}`,
      failedAttempts: [{ endpoint: `127.0.0.1:${String(first!.port)}`, cause }],
    });
  });

  it('a failure of the endpoint that the balancer would pick again', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { path } = await ask('reset', 'reset/1', { upstream: 'uneven' });
      const ports = upstreams.triesOf(path).map(({ port }) => port);
      expect(ports).toHaveLength(2);
      expect(new Set(ports).size).toBe(2);
    }
  });

  it('a refused connection, for a POST too: nothing of it had been sent', async () => {
    const asked = { method: 'POST', body: 'hello', upstream: 'half-dead' };
    for (let turn = 0; turn < 2; turn += 1) {
      const { response, path } = await ask('default', 'ok/0', asked);
      expect(response.text()).toBe('try 1');
      expect(upstreams.triesOf(path).map(({ body }) => body)).toEqual(['hello']);
    }
    expect(
      await metricSum(torus, 'torus_upstream_retries_total', {
        upstream: 'half-dead',
        reason: 'connect-failure',
      }),
    ).toBe(1);
  });
});

describe('is not tried again', () => {
  it.each([
    ['a reset, by default', 'default', 'reset/1', 502],
    ['a 503, by default', 'default', '503/1', 503],
    ['a 500, where gateway errors are', 'gateway', '500/1', 500],
    ['a 404, where 5xx are', '5xx', '404/1', 404],
    ['anything without attempts', 'none', 'reset/1', 502],
    ['anything where retries are off', 'off', 'reset/1', 502],
  ])('%s', async (_title, policy, what, status) => {
    const { response, line, path } = await ask(policy, what);
    expect(response.status).toBe(status);
    expect(upstreams.triesOf(path)).toHaveLength(1);
    expect(line).toMatchObject({ attempts: 1 });
    expect(line).not.toHaveProperty('failedAttempts');
  });

  it.each([
    ['a POST that was sent, whatever came of it', 'reset/1', 'POST'],
    ['a POST that was answered 503', '503/1', 'POST'],
    ['a PATCH', 'reset/1', 'PATCH'],
  ])('%s', async (_title, what, method) => {
    const { path } = await ask('5xx', what, { method, body: 'hello' });
    expect(upstreams.triesOf(path)).toHaveLength(1);
  });

  it('but is where the route says that POST may be sent twice', async () => {
    const { response, path } = await ask('all', 'reset/1', { method: 'POST', body: 'hello' });
    expect(response.text()).toBe('try 2');
    expect(upstreams.triesOf(path).map(({ body }) => body)).toEqual(['hello', 'hello']);
  });

  it('a response that breaks off after its head has gone to the client', async () => {
    const { response, path } = await ask('5xx', 'half-body/1');
    expect([response.status, response.text()]).toEqual([200, 'half of it']);
    expect(response.end).not.toBe('complete');
    expect(upstreams.triesOf(path)).toHaveLength(1);
  });

  it('what fails after an interim response has gone to the client', async () => {
    const { response, line, path } = await ask('5xx', 'hint/1');
    expect(response.status).toBe(502);
    expect(upstreams.triesOf(path)).toHaveLength(1);
    expect(line).toMatchObject({ attempts: 1, cause: 'upstream.head.reset' });
  });

  it('a 503 of the only endpoint that asks for more patience than the route has', async () => {
    const before = await metricSum(torus, 'torus_upstream_retries_skipped_total', { reason: 'retry-after' });
    const { response, path } = await ask('5xx', 'later-503/1', { upstream: 'one' });
    expect([response.status, response.text(), response.field('retry-after')]).toEqual([503, 'poor', '30']);
    expect(upstreams.triesOf(path)).toHaveLength(1);
    const labels = { upstream: 'one', reason: 'retry-after' };
    expect(await metricSum(torus, 'torus_upstream_retries_skipped_total', labels)).toBe(before + 1);
  });
});

describe('the number of attempts', () => {
  it('is one more than `attempts` at the most; the last response is passed on as it came', async () => {
    const { response, line, path } = await ask('many', '503/9');
    expect([response.status, response.text()]).toEqual([503, 'poor']);
    expect(upstreams.triesOf(path)).toHaveLength(4);
    expect(line).toMatchObject({ attempts: 4, status: 503, cause: 'ok' });
    expect(causesIn(line)).toEqual(['status.503', 'status.503', 'status.503']);
  });

  it('ends with the cause of the last failure when no response came', async () => {
    const { response, line } = await ask('many', 'reset/9');
    expect(response.status).toBe(502);
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'upstream.head.reset' });
    expect(line).toMatchObject({ attempts: 4, cause: 'upstream.head.reset' });
  });

  it('is two for the only endpoint there is, when it refuses', async () => {
    const { response, line } = await ask('default', 'ok/0', { upstream: 'dead' });
    expect(response.status).toBe(502);
    expect(line).toMatchObject({ attempts: 2, cause: 'upstream.connect.refused' });
  });

  it('is bounded by the request timeout, which covers them all', async () => {
    const { response, line, tookMs } = await ask('many', 'hang/9');
    expect(response.status).toBe(504);
    expect(line).toMatchObject({ cause: 'upstream.exchange.timeout' });
    expect(tookMs).toBeGreaterThan(650);
    expect(tookMs).toBeLessThan(700 + BUSY_MS);
  });
});

describe('the wait before a retry', () => {
  it('is none for the first one when there is another endpoint', async () => {
    const { path } = await ask('slowest', '503/1');
    const [first, second] = upstreams.triesOf(path);
    expect(second!.at - first!.at).toBeLessThan(BUSY_MS);
  });

  it('is as long as Retry-After says where that is no more than the route allows', async () => {
    const { response, path } = await ask('5xx', 'patient-503/1', { upstream: 'one' });
    expect(response.text()).toBe('try 2');
    const [first, second] = upstreams.triesOf(path);
    expect(second!.at - first!.at).toBeGreaterThan(950);
    expect(second!.at - first!.at).toBeLessThan(1_000 + BUSY_MS);
  });

  it('differs from one exchange to the next, and stays below its bound', async () => {
    const waits: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      const { path } = await ask('slow', '503/2', { upstream: 'one' });
      const tries = upstreams.triesOf(path);
      waits.push(tries[2]!.at - tries[1]!.at);
    }
    expect(Math.max(...waits)).toBeLessThan(200 + BUSY_MS);
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(30);
  });
});

describe('a streamed request body', () => {
  const piece = 'a'.repeat(700);

  it('is sent again from its beginning, with its trailers', async () => {
    const { response, path } = await ask('5xx', 'reset/1', {
      method: 'PUT',
      chunks: [piece, 'b'.repeat(700)],
    });
    expect(response.text()).toBe('try 2');
    const tries = upstreams.triesOf(path);
    expect(tries.map(({ body }) => body)).toEqual([piece + 'b'.repeat(700), piece + 'b'.repeat(700)]);
    expect(tries.map(({ trailers }) => trailers['x-sum'])).toEqual(['12', '12']);
  });

  it('that is longer than the buffer is sent once, and the skipped retry is counted', async () => {
    const before = await metricSum(torus, 'torus_upstream_retries_skipped_total', { reason: 'body' });
    const { response, path } = await ask('small', 'reset/1', { method: 'PUT', chunks: [piece, piece] });
    expect(response.status).toBe(502);
    expect(upstreams.triesOf(path).map(({ body }) => body)).toEqual([piece + piece]);
    const after = await metricSum(torus, 'torus_upstream_retries_skipped_total', { reason: 'body' });
    expect(after).toBe(before + 1);
  });

  it('that is longer than the buffer passes through whole when nothing fails', async () => {
    const chunks = Array.from({ length: 40 }, (_, index) =>
      String.fromCharCode(97 + (index % 26)).repeat(3_000),
    );
    const { response, path } = await ask('small', 'ok/0', { method: 'PUT', chunks });
    expect(response.text()).toBe('try 1');
    expect(upstreams.triesOf(path)[0]!.body).toBe(chunks.join(''));
  });
});

describe('a request that gives up', () => {
  it('by its client while it waits for its retry leaves nothing behind', async () => {
    const client = await rawClient({ port: torus.port() });
    await client.send('GET /patient-503/9/leaver HTTP/1.1\r\nHost: 5xx.one.test\r\n\r\n');
    await until(() => upstreams.triesOf('/patient-503/9/leaver').length === 1);
    await client.close();
    const line = await accessLine(torus, '/patient-503/9/leaver');
    expect(line).toMatchObject({ cause: 'downstream.wait.aborted', status: 0 });
    expect(upstreams.triesOf('/patient-503/9/leaver')).toHaveLength(1);
  });
});

it('after all these no exchange and no socket is left', async () => {
  upstreams.resetAll();
  await whenNothingIsOpen(torus);
});
