/** The built gateway in front of an upstream: plain and TLS listeners, readiness, and a clean end. */
import {
  echo,
  rawClient,
  requestHead,
  startHttpUpstream,
  startTorus,
  testCertificate,
  openFds,
} from '../support/index.js';

describe('a running instance', () => {
  it('serves both listeners, answers its probes and leaves nothing behind', async () => {
    const certificate = await testCertificate();
    const upstream = await startHttpUpstream(echo);
    const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
    const torus = await startTorus({
      config: {
        workers: 2,
        listeners: [
          { name: 'plain', address: '127.0.0.1:0' },
          { name: 'secure', address: '127.0.0.1:0', tls },
        ],
        admin: { address: '127.0.0.1:0' },
        upstreams: { echo: { endpoints: [upstream.url] } },
        routes: [{ name: 'all', match: { path: '/*' }, upstream: 'echo' }],
      },
    });
    expect(torus.workers()).toHaveLength(2);
    expect(openFds(torus.workers()[0]!)).toBeGreaterThan(0);
    const plain = await rawClient({ port: torus.port('plain') });
    const secure = await rawClient({ port: torus.port('secure'), tls: { ca: certificate.caPem } });
    for (const client of [plain, secure]) {
      const response = await client.exchange(requestHead('GET /a?b=c'));
      expect([response.status, JSON.parse(response.text())]).toMatchObject([
        200,
        { method: 'GET', url: '/a?b=c' },
      ]);
    }
    expect((await torus.admin('/livez')).status).toBe(200);
    await Promise.all([plain.close(), secure.close()]);
    expect(await torus.stop()).toEqual({ code: 0, signal: null });
    await upstream.whenOpenSockets(0);
    await upstream.close();
  });
});
