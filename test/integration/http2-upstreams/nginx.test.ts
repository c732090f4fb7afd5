/** A real nginx as the upstream of HTTP/2: over TLS by ALPN, and by prior knowledge. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describeWithNginx, freePort, startNginx, testCertificate, type Nginx } from '../../support/index.js';
import { CLIENTS, startGateway, type Gateway } from './gateway.js';

const LARGE = Buffer.alloc(5 * 1024 * 1024, 'as nginx has it; ');
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describeWithNginx('nginx as an upstream of HTTP/2', () => {
  let nginx: Nginx;
  let gateway: Gateway;

  beforeAll(async () => {
    const certificate = await testCertificate();
    const [secure, cleartext] = [await freePort(), await freePort()];
    nginx = await startNginx(`
      listen 127.0.0.1:${String(secure)} ssl http2;
      listen 127.0.0.1:${String(cleartext)} http2;
      ssl_certificate ${certificate.certFile}; ssl_certificate_key ${certificate.keyFile};
      http2_max_concurrent_streams 8; keepalive_requests 60;
      location = /version { return 200 "$server_protocol $http_x_sent"; }
      location = /gone { return 204; }`);
    writeFileSync(path.join(nginx.root, 'large'), LARGE);
    gateway = await startGateway({
      upstreams: {
        secure: {
          endpoints: [`https://localhost:${String(secure)}`],
          protocol: 'auto',
          tls: { ca: certificate.caFile },
        },
        cleartext: { endpoints: [`http://127.0.0.1:${String(cleartext)}`], protocol: 'http2' },
      },
    });
  });

  afterAll(async () => {
    await gateway.stop();
    await nginx.stop();
  });

  describe.each(['secure', 'cleartext'])('%s', (way) => {
    it.each(CLIENTS)('serves clients of %s', async (client) => {
      const version = await gateway.ask(client, `/${way}/version`, { fields: { 'x-sent': 'yes' } });
      expect([version.status, version.body.toString()]).toEqual([200, 'HTTP/2.0 yes']);
      const large = await gateway.ask(client, `/${way}/large`);
      expect([large.complete, digest(large.body)]).toEqual([true, digest(LARGE)]);
      expect((await gateway.ask(client, `/${way}/gone`)).status).toBe(204);
      const head = await gateway.ask(client, `/${way}/large`, { method: 'HEAD' });
      expect(head.field('content-length')).toBe(String(LARGE.length));
    });

    it('says GOAWAY after sixty requests on a connection: nobody is failed by that', async () => {
      for (let round = 0; round < 10; round += 1) {
        const asked = Array.from({ length: 16 }, () => gateway.ask('http2', `/${way}/version`));
        for (const { status, cause } of await Promise.all(asked))
          expect([status, cause]).toEqual([200, undefined]);
      }
    });
  });
});
