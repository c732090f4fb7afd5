import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { json } from '../../../../src/server/admin/admin-route.js';
import type { AdminRoute } from '../../../../src/server/admin/admin-route.js';
import { startAdmin } from '../../../../src/server/admin/admin-server.js';
import type { AdminOptions, AdminServer } from '../../../../src/server/admin/admin-server.js';
import { basicRoutes } from '../../../../src/server/admin/routes/basic-routes.js';
import { withIndex } from '../../../../src/server/admin/routes/index-routes.js';

interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const LOOPBACK: AdminOptions = {
  ...{ host: '127.0.0.1', port: 0 },
  ...{ socketPath: undefined, token: undefined, tls: undefined },
};

describe('the admin listener', () => {
  let admin: AdminServer;
  let unready: string | undefined;
  let metrics: () => Promise<string>;
  let failures: unknown[];

  beforeEach(async () => {
    unready = undefined;
    metrics = () => Promise.resolve('torus_up 1\n');
    failures = [];
    admin = await startAdmin(LOOPBACK, routes(), (error) => failures.push(error));
  });

  afterEach(() => admin.close());

  const routes = (): AdminRoute[] =>
    withIndex([
      ...basicRoutes({ unreadyReason: () => unready, metrics: () => metrics() }),
      {
        method: 'POST',
        path: '/things/:id',
        summary: 'changes a thing',
        handle: async ({ parameter, query, body }) =>
          json({ parameter, of: query.get('of'), body: await body() }),
      },
    ]);

  const ask = (
    path: string,
    options: { method?: string; host?: string; body?: string } = {},
  ): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const { method = 'GET', host = 'localhost', body: sentBody } = options;
      const sent = request(
        { host: '127.0.0.1', port: admin.port, path, method, agent: false, headers: { host } },
        (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (text: string) => (body += text));
          response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
        },
      );
      sent.on('error', reject).end(sentBody);
    });

  it('is alive as long as it answers', async () => {
    unready = 'draining';
    expect(await ask('/livez')).toMatchObject({ status: 200, body: 'ok\n' });
  });

  it('is ready or says why not, and when to ask again', async () => {
    expect(await ask('/readyz')).toMatchObject({ status: 200, body: 'ready\n' });
    unready = 'draining';
    expect(await ask('/readyz')).toMatchObject({
      status: 503,
      body: 'draining\n',
      headers: { 'retry-after': '1' },
    });
  });

  it('shows metrics as Prometheus text that nobody caches, whatever the query', async () => {
    const reply = await ask('/metrics?name[]=x');
    expect(reply).toMatchObject({ status: 200, body: 'torus_up 1\n' });
    expect(reply.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(reply.headers['cache-control']).toBe('no-store');
  });

  it('answers HEAD with the length and no body', async () => {
    const reply = await ask('/livez', { method: 'HEAD' });
    expect(reply).toMatchObject({ status: 200, body: '', headers: { 'content-length': '3' } });
  });

  it('lists what there is, and knows nothing else', async () => {
    const { body } = await ask('/');
    expect(body.split('\n').map((line) => line.split(/ +/, 2).join(' '))).toEqual([
      ...['GET /livez', 'GET /readyz', 'GET /metrics', 'POST /things/:id', 'GET /', ''],
    ]);
    expect((await ask('/constructor')).status).toBe(404);
    expect((await ask('/livez/')).status).toBe(404);
  });

  it('refuses other methods, and says which there are', async () => {
    expect(await ask('/livez', { method: 'POST' })).toMatchObject({
      ...{ status: 405, headers: { allow: 'GET, HEAD' } },
    });
    expect(await ask('/things/1')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  });

  it('hands over the parameter of the path, the query and the body', async () => {
    const reply = await ask('/things/a%20b?of=c%3F', { method: 'POST', body: '{"x":1}' });
    expect(JSON.parse(reply.body)).toEqual({ parameter: 'a b', of: 'c?', body: '{"x":1}' });
    expect((await ask('/things/a/b', { method: 'POST' })).status).toBe(404);
    expect((await ask('/things/', { method: 'POST' })).status).toBe(404);
    expect((await ask('/things/%E0%A4%A', { method: 'POST' })).status).toBe(404);
  });

  it('refuses a body that is too long', async () => {
    expect((await ask('/things/1', { method: 'POST', body: 'x'.repeat(4 * 1024 * 1024 + 1) })).status).toBe(
      413,
    );
  });

  it('refuses a Host that a web page could have put there', async () => {
    expect((await ask('/metrics', { host: 'evil.test' })).status).toBe(421);
  });

  it.each([[['localhost', 'evil.test']], [['localhost', 'localhost']], [['evil.test', 'localhost']]])(
    'refuses more than one Host: %j',
    async (hosts) => {
      const fields = [...hosts.map((host) => `HoSt: ${host}`), 'Connection: close'].join('\r\n');
      const socket = connect(admin.port, '127.0.0.1').setEncoding('latin1');
      socket.write(`GET /livez HTTP/1.1\r\n${fields}\r\n\r\n`);
      let answer = '';
      for await (const piece of socket as AsyncIterable<string>) answer += piece;
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    },
  );

  it('reports what went wrong to the log, not to the client', async () => {
    metrics = () => Promise.reject(new Error('internal detail'));
    expect(await ask('/metrics')).toMatchObject({ status: 500, body: 'internal error\n' });
    expect(failures).toHaveLength(1);
  });

  it('rejects when its address cannot be bound', async () => {
    const taken = { ...LOOPBACK, port: admin.port };
    await expect(startAdmin(taken, routes(), () => undefined)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
