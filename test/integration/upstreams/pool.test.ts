/** Kept-alive connections to an endpoint: reuse, limits, queue, idle timeout, and what must never be used again. */
import {
  metricSum,
  rawClient,
  requestHead,
  startScriptedUpstream,
  startTorus,
  until,
  type RawClient,
  type ReadResponse,
  type RunningTorus,
  type Scripts,
  type TestUpstream,
} from '../../support/index.js';

const ok = (fields = ''): string => `HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`;

/** Requests that wait for `open()`, in the order they came. */
const gate: { path: string; open: () => void }[] = [];

const scripts: Scripts = {
  ok: ({ socket, next }) => {
    next();
    socket.write(ok());
  },
  gated: ({ socket, path, next }) => {
    gate.push({
      path,
      open: () => {
        next();
        socket.write(ok());
      },
    });
  },
  closing: ({ socket, next }) => {
    next();
    socket.write(ok('Connection: close\r\n'));
  },
  old: ({ socket, next }) => {
    next();
    socket.write('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok');
  },
  stray: ({ socket, next }) => {
    next();
    socket.write(`${ok()}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen`);
  },
  'stray-later': ({ socket, next }) => {
    next();
    socket.write(ok(), () => setTimeout(() => socket.write('HTTP/1.1 200 OK\r\n\r\n'), 30));
  },
  hint: ({ socket, next }) => {
    next();
    socket.write(ok('Keep-Alive: timeout=1\r\n'));
  },
  // Half of a kept-alive connection's life: the next request on it is met by a reset.
  last: ({ socket }) => {
    socket.write(ok());
    socket.once('data', () => socket.resetAndDestroy());
  },
  'last-fin': ({ socket }) => {
    socket.write(ok());
    socket.once('data', () => socket.end());
  },
  'last-breath': ({ socket }) => void socket.resetAndDestroy(),
  early: ({ socket }) => {
    socket.resume();
    socket.write(ok());
  },
};

let torus: RunningTorus;
let upstream: TestUpstream;
let narrow: TestUpstream;
/** Of the narrow upstream: on connections, and waiting for one. */
const MOST_AT_ONCE = 5;
let client: RawClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream(scripts);
  narrow = await startScriptedUpstream(scripts);
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      upstreams: {
        wide: { endpoints: [upstream.url] },
        brief: { endpoints: [upstream.url], pool: { idleTimeout: '700ms' } },
        narrow: {
          endpoints: [narrow.url],
          pool: { maxConnections: 2, maxPending: MOST_AT_ONCE - 2, pendingTimeout: '2s' },
        },
      },
      routes: [
        { name: 'wide', match: { path: '/*' }, upstream: 'wide' },
        { name: 'brief', match: { host: 'brief.test', path: '/*' }, upstream: 'brief' },
        { name: 'narrow', match: { host: 'narrow.test', path: '/*' }, upstream: 'narrow' },
      ],
    },
  });
});

beforeEach(async () => {
  client = await rawClient({ port: torus.port() });
});

afterEach(async () => {
  await client.close();
  // Each test starts with an empty pool.
  upstream.resetAll();
  narrow.resetAll();
  await until(async () => (await metricSum(torus, 'torus_sockets_open', { side: 'upstream' })) === 0);
});

afterAll(async () => {
  await torus.stop();
  await Promise.all([upstream.close(), narrow.close()]);
});

const get = (path: string): Promise<ReadResponse> => client.exchange(requestHead(`GET ${path}`));
const post = (path: string): Promise<ReadResponse> =>
  client.exchange(`${requestHead(`POST ${path}`, 'Content-Length: 2')}hi`);

/** Connections the upstream accepted while `act` ran. */
const connectionsDuring = async (act: () => Promise<unknown>): Promise<number> => {
  const before = upstream.acceptedSockets;
  await act();
  return upstream.acceptedSockets - before;
};

const twice =
  (path: string, closesFirst = false) =>
  async (): Promise<void> => {
    expect((await get(path)).text()).toBe('ok');
    if (closesFirst) await upstream.whenOpenSockets(0);
    expect((await get('/ok')).text()).toBe('ok');
  };

describe('reuse', () => {
  it('twenty requests in a row use one connection', async () => {
    const used = await connectionsDuring(async () => {
      for (let count = 0; count < 20; count += 1) expect((await get('/ok')).status).toBe(200);
    });
    expect(used).toBe(1);
  });

  it('twenty clients one after the other share one connection', async () => {
    const used = await connectionsDuring(async () => {
      for (let count = 0; count < 20; count += 1) {
        await using other = await rawClient({ port: torus.port() });
        expect((await other.exchange(requestHead('GET /ok'))).status).toBe(200);
      }
    });
    expect(used).toBe(1);
  });

  it.each([
    ['Connection: close', '/closing'],
    ['HTTP/1.0', '/old'],
    ['bytes after the response', '/stray'],
  ])('a connection whose response said %s is not used again', async (_title, path) => {
    expect(await connectionsDuring(twice(path))).toBe(2);
    await upstream.whenOpenSockets(1);
  });

  it('a connection that speaks unasked while idle is closed, and its words reach nobody', async () => {
    expect(await connectionsDuring(twice('/stray-later', true))).toBe(2);
  });

  it('a connection whose request was answered before all of it was sent is not used again', async () => {
    const request = requestHead('POST /early', 'Content-Length: 1000000');
    const response = await client.exchange(request + 'x'.repeat(500_000));
    expect([response.status, response.field('connection')]).toEqual([200, 'close']);
    await upstream.whenOpenSockets(0, 1_000);
  });
});

describe('idle connections', () => {
  it('are closed after the idle timeout', async () => {
    await client.exchange('GET /ok HTTP/1.1\r\nHost: brief.test\r\n\r\n');
    expect(upstream.openSockets).toBe(1);
    await upstream.whenOpenSockets(0);
  });

  it('are closed before the time the upstream gave in Keep-Alive: timeout', async () => {
    await get('/hint');
    // One second less a second for the way, but never below half a second.
    await upstream.whenOpenSockets(0, 1_000);
  });

  it('that the upstream closed are forgotten: the next request opens a new one', async () => {
    const retries = await metricSum(torus, 'torus_upstream_retries_total');
    await get('/ok');
    upstream.resetAll();
    await until(async () => (await metricSum(torus, 'torus_sockets_open', { side: 'upstream' })) === 0);
    expect((await post('/ok')).status).toBe(200);
    expect(await metricSum(torus, 'torus_upstream_retries_total')).toBe(retries);
  });
});

describe('a stale connection', () => {
  it.each(['/last', '/last-fin'])('costs a GET nothing: 6 of 6 are answered after %s', async (path) => {
    const labels = { upstream: 'wide', reason: 'stale-connection' };
    const retries = await metricSum(torus, 'torus_upstream_retries_total', labels);
    for (let count = 0; count < 6; count += 1) {
      expect((await get(path)).status).toBe(200);
      expect((await get('/closing')).text()).toBe('ok');
    }
    expect(await metricSum(torus, 'torus_upstream_retries_total', labels)).toBe(retries + 6);
  });

  it.each([
    ['/last', 'upstream.head.reset'],
    ['/last-fin', 'upstream.head.closed'],
  ])('answers a POST 502, which might have been served already (%s)', async (path, cause) => {
    expect((await get(path)).status).toBe(200);
    const response = await post('/ok');
    expect(response.status).toBe(502);
    expect(JSON.parse(response.text())).toMatchObject({ cause });
  });

  it('is tried again once only: a fresh connection that breaks too is answered 502', async () => {
    expect((await get('/last')).status).toBe(200);
    const used = await connectionsDuring(async () => expect((await get('/last-breath')).status).toBe(502));
    expect(used).toBe(1);
  });
});

describe('more requests than connections', () => {
  const ask = async (path: string): Promise<{ path: string; response: ReadResponse; asker: RawClient }> => {
    const asker = await rawClient({ port: torus.port() });
    const response = await asker.exchange(`GET ${path} HTTP/1.1\r\nHost: narrow.test\r\n\r\n`);
    return { path, response, asker };
  };
  const names = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => `/gated/${String(index)}`);
  const askInOrder = async (paths: readonly string[]): Promise<ReturnType<typeof ask>[]> => {
    const asked: ReturnType<typeof ask>[] = [];
    for (const path of paths) {
      asked.push(ask(path));
      // The order of arrival is what is tested. What does not fit is gone again before it is seen.
      const arrived = Math.min(asked.length, MOST_AT_ONCE);
      await until(async () => (await metricSum(torus, 'torus_http_exchanges_in_flight')) === arrived);
    }
    return asked;
  };

  afterEach(() => {
    gate.length = 0;
  });

  it('wait their turn: never more connections than allowed, served in the order they came', async () => {
    const before = narrow.acceptedSockets;
    const asked = await askInOrder(names(5));
    const served: string[] = [];
    while (served.length < 5) {
      const waiting = await until(() => gate.shift());
      served.push(waiting.path);
      expect(narrow.openSockets).toBeLessThanOrEqual(2);
      waiting.open();
    }
    expect(served).toEqual(names(5));
    for (const { response, asker } of await Promise.all(asked)) {
      expect(response.status).toBe(200);
      await asker.close();
    }
    expect(narrow.acceptedSockets - before).toBeLessThanOrEqual(2);
  });

  it('beyond the queue are answered 503 with Retry-After at once; those in it 503 when their time is up', async () => {
    const asked = await askInOrder(names(6));
    const last = await asked[5]!;
    expect(last.response.status).toBe(503);
    expect(Number(last.response.field('retry-after'))).toBeGreaterThan(0);
    expect(JSON.parse(last.response.text())).toMatchObject({ cause: 'upstream.queue.full' });
    for (const { response } of await Promise.all(asked.slice(2, 5))) {
      expect([response.status, response.field('retry-after')]).toEqual([503, '1']);
      expect(JSON.parse(response.text())).toMatchObject({ cause: 'upstream.queue.timeout' });
    }
    for (const { open } of gate) open();
    const all = await Promise.all(asked);
    expect(all.slice(0, 2).map(({ response }) => response.status)).toEqual([200, 200]);
    await Promise.all(all.map(({ asker }) => asker.close()));
  });

  it('a client that leaves the queue leaves its place', async () => {
    const asked = await askInOrder(names(2));
    const leaver = await rawClient({ port: torus.port() });
    await leaver.send('GET /gated/leaver HTTP/1.1\r\nHost: narrow.test\r\n\r\n');
    await until(async () => (await metricSum(torus, 'torus_http_exchanges_in_flight')) === 3);
    leaver.reset();
    await until(async () => (await metricSum(torus, 'torus_http_exchanges_in_flight')) === 2);
    for (const { open } of gate) open();
    const all = await Promise.all(asked);
    expect(all.map(({ response }) => response.status)).toEqual([200, 200]);
    expect(gate.map(({ path }) => path)).not.toContain('/gated/leaver');
    await Promise.all(all.map(({ asker }) => asker.close()));
  });
});
