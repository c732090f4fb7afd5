/** The ledger: opened = closed + open, for each listener and each endpoint, whatever happens to them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  closeHttp2,
  frameClient,
  freePort,
  http2Session,
  rawClient,
  requestHead,
  startTorus,
  startUpstream,
  testCertificate,
  until,
  whenNothingIsOpen,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';
import { upgradeHead } from '../tunnels/tunnel-fixture.js';

jest.setTimeout(60_000);

/** `reason` by side, as documented. */
const DOCUMENTED = readFileSync(path.resolve(__dirname, '../../../docs/metrics.md'), 'utf8');

/** `side owner` -> value, or value by reason. */
interface Ledger {
  readonly opened: ReadonlyMap<string, number>;
  readonly open: ReadonlyMap<string, number>;
  readonly closed: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

const SAMPLE = /^torus_sockets_(opened_total|closed_total|open)\{(.*)\} (\d+)$/;
const label = (labels: string, name: string): string =>
  new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? '';

const ledgerIn = (text: string): Ledger => {
  const opened = new Map<string, number>();
  const open = new Map<string, number>();
  const closed = new Map<string, Map<string, number>>();
  for (const line of text.split('\n')) {
    const [, kind, labels = '', value = '0'] = SAMPLE.exec(line) ?? [];
    const owner = `${label(labels, 'side')} ${label(labels, 'owner')}`;
    if (kind === 'opened_total') opened.set(owner, Number(value));
    if (kind === 'open') open.set(owner, Number(value));
    if (kind === 'closed_total')
      closed.set(owner, (closed.get(owner) ?? new Map()).set(label(labels, 'reason'), Number(value)));
  }
  return { opened, open, closed };
};

const scrape = async (torus: RunningTorus): Promise<Ledger> =>
  ledgerIn(await (await torus.admin('/metrics')).text());

const sum = (counts: Iterable<number>): number => [...counts].reduce((total, count) => total + count, 0);

/** Every row is even, and every reason is one that is documented. Returns the reasons by owner. */
const expectEven = ({ opened, open, closed }: Ledger): ReadonlyMap<string, ReadonlyMap<string, number>> => {
  for (const [owner, count] of opened) {
    const gone = sum((closed.get(owner) ?? new Map<string, number>()).values());
    expect([owner, count]).toEqual([owner, gone + (open.get(owner) ?? 0)]);
  }
  expect([...closed.keys()].filter((owner) => !opened.has(owner))).toEqual([]);
  for (const reasons of closed.values())
    for (const reason of reasons.keys()) expect(DOCUMENTED).toContain(`\`${reason}\``);
  return closed;
};

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const CONFIG = { admin: { address: '127.0.0.1:0' }, shutdown: { timeout: '1s' } };

describe('the ledger of sockets', () => {
  let torus: RunningTorus;
  let upstream: TestUpstream;
  let endpoint: string;
  let refused: number;

  beforeAll(async () => {
    upstream = await startUpstream((socket) => {
      socket.on('end', () => socket.destroy());
      socket.on('data', (bytes: Buffer) => {
        const path = /^GET (\S+)/.exec(bytes.toString('latin1'))?.[1];
        if (path === '/ok') socket.write(OK);
        if (path === '/last') socket.write(OK.replace('200 OK', '200 OK\r\nconnection: close'));
        if (path === '/garbage') socket.write('never heard of it\r\n\r\n');
        if (path === '/hangup') socket.end();
        if (path === '/reset') socket.resetAndDestroy();
        if (path === '/cut') socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n123');
        if (path === '/begun')
          socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n');
        if (path === '/tunnel')
          socket.write(
            'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
          );
      });
    });
    endpoint = `upstream 127.0.0.1:${String(upstream.port)}`;
    refused = await freePort();
    const certificate = await testCertificate();
    const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
    torus = await startTorus({
      config: {
        ...CONFIG,
        workers: 1,
        listeners: [
          { name: 'plain', address: '127.0.0.1:0', timeouts: { keepAlive: '1s', tlsHandshake: '1s' } },
          { name: 'secure', address: '127.0.0.1:0', tls, timeouts: { tlsHandshake: '1s' } },
          { name: 'proxied', address: '127.0.0.1:0', proxyProtocol: ['127.0.0.0/8'] },
        ],
        upstreams: {
          main: { endpoints: [upstream.url], pool: { idleTimeout: '300ms' } },
          dead: { endpoints: [`http://127.0.0.1:${String(refused)}`] },
        },
        routes: [
          { name: 'dead', match: { path: '/dead' }, upstream: 'dead', retry: false },
          {
            name: 'silent',
            match: { path: '/silent' },
            upstream: 'main',
            timeouts: { responseHead: '200ms' },
          },
          { name: 'rest', match: { path: '/*' }, upstream: 'main', retry: false },
        ],
      },
    });
  });

  afterAll(async () => {
    await torus.stop();
    await upstream.close();
  });

  const client = (listener = 'plain', tls = false) => rawClient({ port: torus.port(listener), tls });

  /** One request on a connection of its own, and whatever comes of it. */
  const ask = async (path: string, listener = 'plain'): Promise<void> => {
    const one = await client(listener, listener === 'secure');
    await one.exchange(requestHead(`GET ${path}`, 'Connection: close'));
    await one.close();
  };

  /** Resolves once the reasons of that owner hold what is expected; the ledger is even all the while. */
  const reasonsOf = async (owner: string, ...wanted: readonly string[]): Promise<void> => {
    let found: readonly string[] = [];
    await until(async () => {
      found = [
        ...(expectEven(await scrape(torus))
          .get(owner)
          ?.keys() ?? []),
      ];
      return wanted.every((reason) => found.includes(reason));
    }).catch(() => expect(found).toEqual(expect.arrayContaining([...wanted])));
  };

  it('is even through requests that go well, and names how their connections ended', async () => {
    await ask('/ok');
    await ask('/last', 'secure');
    const kept = await client();
    await kept.exchange(requestHead('GET /ok'));
    await kept.ended();
    await kept.close();
    await reasonsOf('downstream plain', 'finished', 'idle');
    await reasonsOf(endpoint, 'not-reusable', 'idle');
  });

  it('is even through faults of endpoints', async () => {
    for (const path of ['/garbage', '/hangup', '/reset', '/cut', '/silent', '/dead']) await ask(path);
    await reasonsOf(endpoint, 'protocol-error', 'peer-closed', 'error', 'timeout');
    await reasonsOf(`upstream 127.0.0.1:${String(refused)}`, 'error');
  });

  it('is even through faults of clients', async () => {
    const broken = await client();
    await broken.exchange('no such thing\r\n\r\n');
    await broken.close();
    const leaving = await client();
    await leaving.send('GET / HTTP/1.1\r\nHo');
    await leaving.close();
    const resetting = await client();
    await resetting.send(requestHead('GET /begun'));
    await resetting.readUntil('a\r\n');
    resetting.reset();
    await resetting.close();
    await reasonsOf('downstream plain', 'rejected', 'peer-closed', 'peer-reset');
    await reasonsOf(endpoint, 'aborted');
  });

  it('is even through failed handshakes', async () => {
    const garbage = await client('secure');
    await garbage.send('GET / HTTP/1.1\r\n\r\n');
    await garbage.ended();
    const silent = await client('secure');
    await silent.ended();
    const proxied = await client('proxied');
    await proxied.send(requestHead('GET /ok'));
    await proxied.ended();
    await Promise.all([garbage.close(), silent.close(), proxied.close()]);
    await reasonsOf('downstream secure', 'handshake-failed');
    await reasonsOf('downstream proxied', 'proxy-header');
  });

  it('is even through HTTP/2: an end in order, and a broken protocol', async () => {
    const session = await http2Session({ port: torus.port('secure') });
    await closeHttp2(session);
    const faulty = await frameClient({ port: torus.port('secure'), preface: false });
    await faulty.send(Buffer.from('PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n'));
    await faulty.whenEnded();
    await faulty.close();
    await reasonsOf('downstream secure', 'protocol-error');
  });

  it('is even through tunnels, and through an exchange that an operator ends', async () => {
    const tunnel = await client();
    await tunnel.send(upgradeHead('/tunnel'));
    await tunnel.readUntil('\r\n\r\n');
    await tunnel.close();
    const held = await client();
    await held.send(requestHead('GET /begun'));
    await held.readUntil('a\r\n');
    const { streams } = (await (await torus.admin('/streams')).json()) as { streams: { id: string }[] };
    await torus.admin(`/streams/${streams[0]!.id}`, { method: 'DELETE' });
    await held.ended();
    await held.close();
    await reasonsOf('downstream plain', 'tunnel-ended', 'aborted');
    await reasonsOf(endpoint, 'tunnel-ended');
  });

  it('says in the end that nothing is open', async () => {
    await whenNothingIsOpen(torus, 5_000);
    expectEven(await scrape(torus));
  });
});

describe('the ledger of sockets of a worker that is killed', () => {
  it('is even: what the worker held has closed with it', async () => {
    await using upstream = await startUpstream(() => undefined);
    await using torus = await startTorus({
      config: {
        ...CONFIG,
        workers: 1,
        listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
        upstreams: { main: { endpoints: [upstream.url] } },
        routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main' }],
      },
    });
    const client = await rawClient({ port: torus.port('plain') });
    await client.send(requestHead('GET /'));
    await until(async () => (await scrape(torus)).open.get('downstream plain') === 1);
    await until(() => upstream.openSockets === 1);
    await scrape(torus);
    process.kill(torus.workers()[0]!, 'SIGKILL');
    await client.ended();
    await until(async () => {
      const ledger = await scrape(torus);
      expectEven(ledger);
      return sum(ledger.open.values()) === 0;
    });
    const { closed } = await scrape(torus);
    expect(closed.get('downstream plain')).toEqual(new Map([['worker-gone', 1]]));
    expect(closed.get(`upstream 127.0.0.1:${String(upstream.port)}`)).toEqual(new Map([['worker-gone', 1]]));
    await client.close();
  });
});
