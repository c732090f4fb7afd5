/** RFC 9209: an answer that Torus makes itself says in Proxy-Status what went wrong; others are left alone. */
import { parseList } from 'structured-headers';
import {
  closeHttp2,
  freePort,
  http2Ask,
  http2Session,
  rawClient,
  requestHead,
  startHttpUpstream,
  startTorus,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

describe('Proxy-Status', () => {
  let torus: RunningTorus;
  let upstream: TestUpstream;

  beforeAll(async () => {
    upstream = await startHttpUpstream((request, response) => {
      const own = request.url === '/main/own' ? { 'proxy-status': 'origin-cache; error=dns_timeout' } : {};
      response.writeHead(503, own).end('from the upstream');
    });
    const dead = `http://127.0.0.1:${String(await freePort())}`;
    torus = await startTorus({
      config: {
        workers: 1,
        listeners: [{ name: 'plain', address: '127.0.0.1:0', protocols: ['http1', 'http2'] }],
        admin: { address: '127.0.0.1:0' },
        upstreams: { main: { endpoints: [upstream.url] }, dead: { endpoints: [dead] } },
        routes: [
          { name: 'main', match: { path: '/main/*' }, upstream: 'main' },
          { name: 'dead', match: { path: '/dead' }, upstream: 'dead' },
        ],
      },
    });
  });

  afterAll(async () => {
    await torus.stop();
    await upstream.close();
  });

  const statusOf = async (head: string, asked = torus): Promise<string | undefined> => {
    const client = await rawClient({ port: asked.port('plain') });
    const response = await client.exchange(head);
    await client.close();
    return response.field('proxy-status');
  };

  it.each([
    ['a refused connection', '/dead', 'error=connection_refused;details="upstream.connect.refused"'],
    ['a missing route', '/none', 'error=destination_not_found;details="downstream.route.not-found"'],
  ])('names %s', async (_what, path, rest) => {
    expect(await statusOf(requestHead(`GET ${path}`))).toBe(`torus;${rest}`);
  });

  it('names a request that was refused by its head', async () => {
    expect(await statusOf('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')).toBe(
      'torus;error=http_request_error;details="downstream.head.malformed"',
    );
  });

  describe.each([
    ['its name in Via', 'edge-1', 'edge-1'],
    ['its name in Via as a string, where that is no token', '10:edge', '"10:edge"'],
    ['torus where it has no name', '', 'torus'],
  ])('calls the gateway', (title, via, name) => {
    let named: RunningTorus;
    beforeAll(async () => {
      const listeners = [{ name: 'plain', address: '127.0.0.1:0', protocols: ['http1', 'http2'] }];
      const upstreams = { tier: { endpoints: [torus.url('plain')] } };
      const routes = [{ name: 'tier', match: { path: '/main/*' }, upstream: 'tier' }];
      const admin = { address: '127.0.0.1:0' };
      const config = { workers: 1, listeners, admin, forwarded: { via }, upstreams, routes };
      named = await startTorus({ config });
    });
    afterAll(() => named.stop());

    it(`${title}, whoever refuses the request`, async () => {
      const routed = await statusOf(requestHead('GET /none'), named);
      expect(routed).toBe(`${name};error=destination_not_found;details="downstream.route.not-found"`);
      const headless = await statusOf('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', named);
      expect(headless).toBe(`${name};error=http_request_error;details="downstream.head.malformed"`);
      const session = await http2Session({ port: named.port(), tls: false });
      const call = { ':path': '/none', ':method': 'POST', 'content-type': 'application/grpc' };
      const { headers } = await http2Ask(session, call);
      expect(headers['proxy-status']).toBe(routed);
      await closeHttp2(session);
      expect(parseList(String(routed))).toHaveLength(1);
    });

    it(`${title}, and leaves what a gateway behind it says`, async () => {
      expect(await statusOf(requestHead('GET /main/own'), named)).toBe('origin-cache; error=dns_timeout');
    });
  });

  it('is not added to what an upstream answers', async () => {
    expect(await statusOf(requestHead('GET /main/plain'))).toBeUndefined();
  });

  it('of an upstream passes as it is', async () => {
    expect(await statusOf(requestHead('GET /main/own'))).toBe('origin-cache; error=dns_timeout');
  });
});
