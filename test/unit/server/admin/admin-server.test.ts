import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { startAdmin } from '../../../../src/server/admin/admin-server.js';
import type { AdminServer, AdminSources } from '../../../../src/server/admin/admin-server.js';

interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('the admin listener', () => {
  let admin: AdminServer;
  let unready: string | undefined;
  let metrics: () => Promise<string>;
  let failures: unknown[];

  beforeEach(async () => {
    unready = undefined;
    metrics = () => Promise.resolve('torus_up 1\n');
    failures = [];
    const sources: AdminSources = {
      unreadyReason: () => unready,
      metrics: () => metrics(),
      upstreams: () => Promise.resolve({ upstreams: [] }),
      onFailure: (error) => failures.push(error),
    };
    admin = await startAdmin({ host: '127.0.0.1', port: 0 }, sources);
  });

  afterEach(() => admin.close());

  const ask = (path: string, options: { method?: string; host?: string } = {}): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const { method = 'GET', host = 'localhost' } = options;
      const sent = request(
        { host: '127.0.0.1', port: admin.port, path, method, agent: false, headers: { host } },
        (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (text: string) => (body += text));
          response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
        },
      );
      sent.on('error', reject).end();
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
    expect((await ask('/')).body).toBe('/livez\n/readyz\n/metrics\n/upstreams\n/\n');
    expect((await ask('/constructor')).status).toBe(404);
    expect((await ask('/livez/')).status).toBe(404);
  });

  it('changes nothing: other methods are refused', async () => {
    expect(await ask('/livez', { method: 'POST' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    });
  });

  it('refuses a Host that a web page could have put there', async () => {
    expect((await ask('/metrics', { host: 'evil.test' })).status).toBe(421);
  });

  it('reports what went wrong to the log, not to the client', async () => {
    metrics = () => Promise.reject(new Error('internal detail'));
    expect(await ask('/metrics')).toMatchObject({ status: 500, body: 'internal error\n' });
    expect(failures).toHaveLength(1);
  });

  it('rejects when its address cannot be bound', async () => {
    const taken = { host: '127.0.0.1', port: admin.port };
    const upstreams = () => Promise.resolve({});
    const sources = { unreadyReason: () => undefined, metrics, upstreams, onFailure: () => undefined };
    await expect(startAdmin(taken, sources)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
