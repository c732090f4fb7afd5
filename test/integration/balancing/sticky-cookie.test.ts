/** Clients with a cookie of Torus come back to the endpoint they had, whichever worker and process serves them. */
import { createHash } from 'node:crypto';
import {
  http2Ask,
  http2Session,
  rawClient,
  startTorus,
  testCertificate,
  type RunningTorus,
} from '../../support/index.js';
import {
  ADMIN,
  ask,
  askEveryWorker,
  askMany,
  LISTENER,
  startNamed,
  type NamedUpstream,
} from './balancing-fixture.js';

let servers: NamedUpstream[];
let torus: RunningTorus;

const configFor = (endpoints: readonly string[], extra: object = {}) => ({
  ...LISTENER,
  ...ADMIN,
  workers: 2,
  upstreams: {
    users: { endpoints, balancer: 'round-robin', sticky: { cookie: {} } },
    named: {
      endpoints,
      sticky: { cookie: { name: 'lb', ttl: '1h', path: '/named', secure: true, sameSite: 'none' } },
    },
    hashed: {
      endpoints,
      balancer: { 'consistent-hash': { on: { header: 'x-user' } } },
      sticky: { cookie: 'hashed' },
    },
  },
  routes: [
    { name: 'users', match: { path: '/users/*' }, upstream: 'users' },
    { name: 'named', match: { path: '/named' }, upstream: 'named' },
    { name: 'hashed', match: { path: '/hashed' }, upstream: 'hashed' },
    {
      name: 'stripped',
      match: { path: '/stripped' },
      filters: [{ headers: { response: { remove: ['set-cookie'] } } }],
      upstream: 'users',
    },
  ],
  ...extra,
});

const urls = (): string[] => servers.map(({ url }) => url);

/** Asks without a cookie, and returns who answered and what to send from then on. */
const newcomer = async (at = torus, path = '/users/'): Promise<{ body: string; cookie: string }> => {
  const { body, headers } = await ask(at, path);
  const [set = ''] = headers['set-cookie'] ?? [];
  return { body, cookie: set.split(';')[0]! };
};

const withCookie = (cookie: string) => ({ headers: { cookie } });

beforeAll(async () => {
  servers = await Promise.all(
    ['a', 'b', 'c'].map(async (name) => {
      const server = await startNamed(name, (request, response) => {
        if (request.url === '/users/session')
          response.setHeader('set-cookie', ['session=1; Path=/', 'theme=dark']);
        if (request.url === '/stripped') response.setHeader('set-cookie', 'session=1');
        response.end(name);
      });
      server.server.on('upgrade', (_request, socket) => {
        socket.end(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
            `Sec-WebSocket-Accept: x\r\nX-Name: ${name}\r\n\r\n`,
        );
      });
      return server;
    }),
  );
  torus = await startTorus({ config: configFor(urls()) });
});

afterAll(async () => {
  await torus.stop();
  await Promise.all(servers.map((server) => server.close()));
});

describe('sticky: cookie', () => {
  it('brings a client back to its endpoint on every worker, while others take turns', async () => {
    const { body, cookie } = await newcomer();
    const bodies = await askEveryWorker(torus, '/users/back', withCookie(`a=b; ${cookie}; c=d`));
    expect(new Set(bodies)).toEqual(new Set([body]));
    expect(new Set(await askMany(torus, '/users/', 60)).size).toBe(3);
  });

  it('sets the cookie once, and not again for a client that comes back', async () => {
    const { cookie } = await newcomer();
    expect(cookie).toMatch(/^torus_users=[\w-]{16}$/);
    const back = await ask(torus, '/users/', withCookie(cookie));
    expect(back.headers['set-cookie']).toBeUndefined();
  });

  it('does not show the address of the endpoint, in clear or plainly hashed', async () => {
    const { body, cookie } = await newcomer();
    const { port } = servers.find(({ name }) => name === body)!;
    const label = `127.0.0.1:${String(port)}`;
    const value = cookie.split('=')[1]!;
    const guesses = ['base64url', 'hex', 'base64'] as const;
    for (const guess of guesses) {
      expect(value).not.toBe(Buffer.from(label).toString(guess));
      for (const algorithm of ['md5', 'sha1', 'sha256'])
        expect(createHash(algorithm).update(label).digest(guess)).not.toContain(value);
    }
  });

  it('keeps clients where they were over a restart', async () => {
    const { body, cookie } = await newcomer();
    await using again = await startTorus({ config: configFor(urls().reverse()) });
    const bodies = await askMany(again, '/users/', 10, () => withCookie(cookie));
    expect(new Set(bodies)).toEqual(new Set([body]));
  });

  it('names endpoints differently with a secret of its own', async () => {
    const { body, cookie } = await newcomer();
    const sticky = { cookie: { secret: 'a secret that nobody else knows' } };
    const upstreams = { users: { endpoints: urls(), balancer: 'round-robin', sticky } };
    const routes = [{ name: 'users', match: { path: '/users/*' }, upstream: 'users' }];
    await using keyed = await startTorus({ config: configFor(urls(), { upstreams, routes }) });
    let own: { body: string; cookie: string };
    do own = await newcomer(keyed);
    while (own.body !== body);
    expect(own.cookie).toMatch(/^torus_users=/);
    expect(own.cookie).not.toBe(cookie);
  });

  it('goes elsewhere when the endpoint is gone, and replaces the cookie', async () => {
    const brittle = await startNamed('brittle');
    await using at = await startTorus({ config: configFor([...urls(), brittle.url]) });
    let client: { body: string; cookie: string };
    do client = await newcomer(at);
    while (client.body !== 'brittle');
    await brittle.refuse();
    const moved = await ask(at, '/users/', withCookie(client.cookie));
    expect(moved.status).toBe(200);
    const [set = ''] = moved.headers['set-cookie'] ?? [];
    expect(set).toMatch(/^torus_users=/);
    const [next = ''] = set.split(';');
    expect(next).not.toBe(client.cookie);
    expect(new Set(await askMany(at, '/users/', 10, () => withCookie(next)))).toEqual(new Set([moved.body]));
  });

  it('takes a cookie that it did not set for none', async () => {
    const bodies = await askMany(torus, '/users/', 30, () => withCookie('torus_users=../../etc/passwd'));
    expect(new Set(bodies).size).toBe(3);
    const forged = await ask(torus, '/users/', withCookie('torus_users="'));
    expect(forged.headers['set-cookie']).toHaveLength(1);
  });

  it("leaves the upstream's own cookies as they are, and sends its own on to the upstream", async () => {
    const first = await ask(torus, '/users/session');
    expect(first.headers['set-cookie']).toEqual([
      'session=1; Path=/',
      'theme=dark',
      expect.stringMatching(/^torus_users=[\w-]{16}; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
    const { body, cookie } = await newcomer();
    await ask(torus, '/users/', withCookie(`session=1; ${cookie}`));
    expect(servers.find(({ name }) => name === body)!.seen.cookie).toBe(`session=1; ${cookie}`);
  });

  it('is added after the response filters', async () => {
    const { headers } = await ask(torus, '/stripped');
    expect(headers['set-cookie']).toEqual([expect.stringMatching(/^torus_users=/)]);
  });

  it('has the attributes that were configured', async () => {
    const { headers } = await ask(torus, '/named');
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^lb=[\w-]{16}; Path=\/named; Max-Age=3600; HttpOnly; SameSite=None; Secure$/),
    ]);
  });

  it('lets any balancer choose first', async () => {
    const ada = { headers: { 'x-user': 'ada' } };
    const first = await ask(torus, '/hashed', ada);
    const [cookie = ''] = first.headers['set-cookie']![0]!.split(';');
    const bodies = await askMany(torus, '/hashed', 20, (index) => ({
      headers: { 'x-user': `user-${String(index)}`, cookie },
    }));
    expect(new Set(bodies)).toEqual(new Set([first.body]));
  });

  it('holds for a WebSocket too, and is set by its 101', async () => {
    const upgrade = async (cookie: string): Promise<{ name: string; set: string }> => {
      await using client = await rawClient({ port: torus.port() });
      await client.send(
        'GET /users/socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${cookie}\r\n`,
      );
      const head = (await client.readUntil('\r\n\r\n')).toString();
      expect(head).toMatch(/^HTTP\/1.1 101 /);
      const set = /^set-cookie: ([^;\r]+)/im.exec(head)?.[1] ?? '';
      return { name: /^x-name: (\w)/im.exec(head)?.[1] ?? '', set };
    };
    const first = await upgrade('');
    expect(first.set).toMatch(/^torus_users=/);
    for (let again = 0; again < 4; again += 1)
      expect(await upgrade(`Cookie: ${first.set}\r\n`)).toEqual({ name: first.name, set: '' });
  });

  it('is Secure for clients that asked over TLS, and holds over HTTP/2', async () => {
    const certificate = await testCertificate();
    const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
    const listeners = [{ name: 'edge', address: '127.0.0.1:0', tls, protocols: ['http2', 'http1'] }];
    await using edge = await startTorus({ config: configFor(urls(), { listeners }) });
    const session = await http2Session({ port: edge.port() });
    const first = await http2Ask(session, { ':path': '/users/' });
    const [set = ''] = first.headers['set-cookie'] ?? [];
    expect(set).toMatch(/; HttpOnly; SameSite=Lax; Secure$/);
    for (let again = 0; again < 4; again += 1) {
      // As browsers send cookies over HTTP/2: a line for each.
      const cookie = ['a=b', set.split(';')[0]!, 'c=d'];
      expect((await http2Ask(session, { ':path': '/users/', cookie })).text()).toBe(first.text());
    }
    session.close();
  });
});
