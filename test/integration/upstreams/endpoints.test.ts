/** Which endpoint a request goes to, and how Torus reaches it: balancing, another one after a failed connect, TLS, names, IPv6. */
import type { ServerResponse } from 'node:http';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import {
  freePort,
  makeCertificate,
  metricSum,
  rawClient,
  startHttpUpstream,
  startScriptedUpstream,
  startTorus,
  testCertificate,
  until,
  type RawClient,
  type ReadResponse,
  type RunningTorus,
  type Scripts,
  type TestUpstream,
} from '../../support/index.js';

/** Answers with its name; `/hold/...` waits until it is opened. */
class Named {
  hits = 0;
  readonly held: (() => void)[] = [];
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  get scripts(): Scripts {
    const text = `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${this.name}`;
    return {
      name: ({ socket, next }) => {
        this.hits += 1;
        next();
        socket.write(text);
      },
      hold: ({ socket, next }) => {
        this.held.push(() => {
          next();
          socket.write(text);
        });
      },
      gone: () => undefined,
    };
  }
}

const a = new Named('a');
const b = new Named('b');
const serverNames: string[] = [];
const opened: { close(): unknown }[] = [];

/** Requests that reached a TLS upstream. */
let served = 0;
const serve = (response: ServerResponse, body: string): void => {
  served += 1;
  response.end(body);
};

let torus: RunningTorus;
let upstreams: TestUpstream[];
let client: RawClient;

const listenOn = async (host: string, answer: string): Promise<number> => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).on('end', () => socket.end());
    socket.on('data', () =>
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${String(answer.length)}\r\n\r\n${answer}`),
    );
  }).listen(0, host);
  await once(server, 'listening');
  opened.push(server);
  return (server.address() as AddressInfo).port;
};

beforeAll(async () => {
  const certificate = await testCertificate();
  const stranger = await makeCertificate(['other.test'], ['127.0.0.9']);
  const first = await startScriptedUpstream(a.scripts);
  const second = await startScriptedUpstream(b.scripts);
  const secure = await startHttpUpstream((_request, response) => serve(response, 'secure'), {
    tls: certificate,
  });
  const strange = await startHttpUpstream((_request, response) => serve(response, '?'), { tls: stranger });
  upstreams = [first, second, secure, strange];
  const naming = createTlsServer(
    { cert: certificate.certPem, key: certificate.keyPem },
    (socket: TLSSocket) => {
      serverNames.push(socket.servername === false ? '' : (socket.servername ?? ''));
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    },
  ).listen(0, '127.0.0.1');
  await once(naming, 'listening');
  opened.push(naming);
  const namingPort = String((naming.address() as AddressInfo).port);

  const refused = `http://127.0.0.1:${String(await freePort())}`;
  const both = [first.url, second.url];
  const ca = certificate.caFile;
  const byAddress = (one: TestUpstream): string => `https://127.0.0.1:${String(one.port)}`;
  const groups: Record<string, object> = {
    turns: { endpoints: both, balancer: 'round-robin' },
    weighted: {
      endpoints: [
        { url: first.url, weight: 3 },
        { url: second.url, weight: 1 },
      ],
      balancer: 'round-robin',
    },
    idlest: { endpoints: both, balancer: 'least-request' },
    'half-dead': { endpoints: [refused, first.url], balancer: 'round-robin' },
    dead: { endpoints: [refused, refused.replace('127.0.0.1', '127.0.0.2')], balancer: 'round-robin' },
    verified: { endpoints: [secure.url], tls: { ca } },
    'verified-address': { endpoints: [byAddress(secure)], tls: { ca } },
    'unknown-authority': { endpoints: [secure.url] },
    'wrong-name': { endpoints: [byAddress(strange)], tls: { ca: stranger.caFile } },
    'named-otherwise': {
      endpoints: [byAddress(strange)],
      tls: { ca: stranger.caFile, serverName: 'other.test' },
    },
    unverified: { endpoints: [byAddress(strange)], tls: { verify: false } },
    sni: { endpoints: [`https://localhost:${namingPort}`], tls: { ca } },
    'sni-chosen': {
      endpoints: [`https://127.0.0.1:${namingPort}`],
      tls: { ca, serverName: 'a.example.test' },
    },
    'sni-address': { endpoints: [`https://127.0.0.1:${namingPort}`], tls: { ca } },
    ipv6: { endpoints: [`http://[::1]:${String(await listenOn('::1', 'six'))}`] },
    name: { endpoints: [`http://localhost:${String(await listenOn('127.0.0.1', 'four'))}`] },
  };
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      upstreams: groups,
      routes: Object.keys(groups).map((name) => ({
        name,
        match: { host: `${name}.test`, path: '/*' },
        upstream: name,
      })),
    },
  });
});

beforeEach(async () => {
  client = await rawClient({ port: torus.port() });
  a.hits = 0;
  b.hits = 0;
});

afterEach(async () => {
  await client.close();
});

afterAll(async () => {
  await torus.stop();
  for (const server of opened) server.close();
  await Promise.all(upstreams.map((one) => one.close()));
});

const get = (group: string, path = '/name', asker: RawClient = client): Promise<ReadResponse> =>
  asker.exchange(`GET ${path} HTTP/1.1\r\nHost: ${group}.test\r\n\r\n`);

const answersOf = async (group: string, count: number): Promise<string> => {
  let answers = '';
  for (let index = 0; index < count; index += 1) answers += (await get(group)).text();
  return answers;
};

describe('round robin', () => {
  it('takes turns exactly', async () => {
    expect(['abababab', 'babababa']).toContain(await answersOf('turns', 8));
  });

  it('keeps to the weights exactly, over every full turn', async () => {
    for (let turn = 0; turn < 5; turn += 1)
      expect((await answersOf('weighted', 4)).split('a')).toHaveLength(4);
  });
});

describe('least request', () => {
  it('prefers the idle endpoint while the other is busy', async () => {
    const holders = await hold(1);
    const [busy, idle] = a.held.length > 0 ? [a, b] : [b, a];
    expect(await answersOf('idlest', 20)).toBe(idle.name.repeat(20));
    expect(busy.hits).toBe(0);
    await letGo(holders);
  });

  it('spreads what runs at the same time evenly', async () => {
    const holders = await hold(20);
    expect(Math.abs(a.held.length - b.held.length)).toBeLessThanOrEqual(2);
    await letGo(holders);
  });

  it('counts an endpoint as idle again after its clients have left in any phase', async () => {
    for (let round = 0; round < 20; round += 1) {
      await using leaver = await rawClient({ port: torus.port() });
      await leaver.send('GET /gone HTTP/1.1\r\nHost: idlest.test\r\n\r\n');
      await until(async () => (await metricSum(torus, 'torus_http_exchanges_in_flight')) === 1);
      leaver.reset();
      await until(async () => (await metricSum(torus, 'torus_http_exchanges_in_flight')) === 0);
    }
    const holders = await hold(20);
    expect(Math.abs(a.held.length - b.held.length)).toBeLessThanOrEqual(2);
    await letGo(holders);
  });
});

/** That many requests that wait, each on a connection of its own. */
const hold = async (count: number): Promise<RawClient[]> => {
  const holders: RawClient[] = [];
  for (let index = 0; index < count; index += 1) {
    const holder = await rawClient({ port: torus.port() });
    holders.push(holder);
    await holder.send('GET /hold HTTP/1.1\r\nHost: idlest.test\r\n\r\n');
    await until(() => a.held.length + b.held.length > index);
  }
  return holders;
};

const letGo = async (holders: readonly RawClient[]): Promise<void> => {
  for (const open of [...a.held.splice(0), ...b.held.splice(0)]) open();
  for (const holder of holders) {
    expect((await holder.response()).status).toBe(200);
    await holder.close();
  }
};

describe('a connect that fails', () => {
  it('is tried once on another endpoint, for a POST too, and counted', async () => {
    const labels = { upstream: 'half-dead', reason: 'connect-failure' };
    for (let count = 0; count < 4; count += 1) expect((await get('half-dead')).text()).toBe('a');
    const post = 'POST /name HTTP/1.1\r\nHost: half-dead.test\r\nContent-Length: 2\r\n\r\nhi';
    const answers = [await client.exchange(post), await get('half-dead')];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await metricSum(torus, 'torus_upstream_retries_total', labels)).toBe(3);
  });

  it('on both is answered 502, after one retry', async () => {
    const response = await get('dead');
    expect(response.status).toBe(502);
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'upstream.connect.refused' });
    expect(await metricSum(torus, 'torus_upstream_retries_total', { upstream: 'dead' })).toBe(1);
  });
});

describe('an upstream over TLS', () => {
  it.each([
    ['is verified against the authorities of its file, by name', 'verified', 'secure'],
    ['is verified by address', 'verified-address', 'secure'],
    ['is verified by the name that is configured', 'named-otherwise', '?'],
    ['is not verified when that is turned off', 'unverified', '?'],
  ])('%s', async (_title, group, body) => {
    const response = await get(group);
    expect([response.status, response.text()]).toEqual([200, body]);
    expect((await get(group)).status).toBe(200);
  });

  it.each([
    ['an authority nobody knows', 'unknown-authority'],
    ['a certificate for another name', 'wrong-name'],
  ])('with %s is answered 502, and the request is not sent', async (_title, group) => {
    const before = served;
    const response = await get(group);
    expect(response.status).toBe(502);
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'upstream.tls.failed' });
    expect(served).toBe(before);
  });

  it.each([
    ['the host of the endpoint', 'sni', 'localhost'],
    ['the configured name', 'sni-chosen', 'a.example.test'],
    ['nothing where the endpoint is an address (RFC 6066)', 'sni-address', ''],
  ])('is told %s as server name', async (_title, group, name) => {
    serverNames.length = 0;
    expect((await get(group)).status).toBe(200);
    expect(serverNames).toEqual([name]);
  });
});

it.each([
  ['an IPv6 address', 'ipv6', 'six'],
  ['a name', 'name', 'four'],
])('an endpoint given as %s is reached', async (_title, group, body) => {
  expect((await get(group)).text()).toBe(body);
});

it('after all these no exchange is left', async () => {
  await client.close();
  upstreams.forEach((one) => one.resetAll());
  await until(async () => (await metricSum(torus, 'torus_http_exchanges_in_flight')) === 0);
});
