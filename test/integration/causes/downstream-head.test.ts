/** Causes of requests that are refused by their head, by their way in, or by a filter: nothing of them goes upstream. */
import { once } from 'node:events';
import {
  TEST_SECRET,
  freePort,
  http2Ask,
  requestHead,
  startHttpUpstream,
  testCertificate,
  token,
} from '../../support/index.js';
import { CauseStage, answered, answeredHttp2, left, sawNothing } from './cause-stage.js';

const HEAD_MS = 300;

const stage = new CauseStage(async () => {
  const upstream = await startHttpUpstream();
  const { certFile, keyFile } = await testCertificate();
  const tls = { certificates: [{ cert: certFile, key: keyFile }] };
  const timeouts = { requestHead: `${String(HEAD_MS)}ms` };
  const proxyProtocol = { from: ['127.0.0.1/32'], timeout: '300ms' };
  const loop = `127.0.0.1:${String(await freePort())}`;
  return {
    upstreams: [upstream],
    config: {
      listeners: [
        { name: 'plain', address: '127.0.0.1:0', protocols: ['http1', 'http2'], timeouts },
        { name: 'secure', address: '127.0.0.1:0', tls, timeouts: { tlsHandshake: '300ms' } },
        { name: 'proxied', address: '127.0.0.1:0', proxyProtocol },
        { name: 'round', address: loop },
      ],
      upstreams: {
        main: { endpoints: [upstream.url] },
        itself: { endpoints: [`http://${loop}`], pool: { idleTimeout: '100ms' } },
      },
      routes: [
        { name: 'get', match: { path: '/get/*', methods: ['GET'] }, upstream: 'main' },
        { name: 'round', match: { path: '/round/*' }, upstream: 'itself' },
        { name: 'calm', match: { path: '/calm/*' }, upstream: 'main', upgrades: false },
        {
          name: 'jwt',
          match: { path: '/jwt/*' },
          upstream: 'main',
          filters: [{ 'jwt-auth': { secret: TEST_SECRET, scopes: ['write'] } }],
        },
        {
          name: 'small',
          match: { path: '/small/*' },
          upstream: 'main',
          filters: [{ 'body-limit': { max: '10B' } }],
        },
        {
          name: 'moved',
          match: { path: '/moved/*' },
          filters: [{ redirect: { location: 'https://${host}/elsewhere' } }],
        },
      ],
    },
  };
});

const refusedHead = async (bytes: string) => answered(await (await stage.connect()).exchange(bytes));

describe('the PROXY header', () => {
  const begin = async (bytes: string) => {
    const client = await stage.connect('proxied');
    await client.send(bytes);
    return sawNothing(client);
  };
  stage.drives('downstream.proxy-header.malformed', 'an address without ports', () =>
    begin('PROXY TCP4 203.0.113.7\r\n'),
  );
  stage.drives('downstream.proxy-header.missing', 'a request at once', () =>
    begin(requestHead('GET /get/a')),
  );
  stage.drives('downstream.proxy-header.timeout', 'a header that stops in the middle', () =>
    begin('PROXY TCP4 20'),
  );
});

describe('the TLS handshake', () => {
  const begin = async (bytes: string) => {
    const client = await stage.connect('secure');
    await client.send(bytes);
    return sawNothing(client);
  };
  stage.drives('downstream.tls.failed', 'plain HTTP', () => begin(requestHead('GET /get/a')));
  stage.drives('downstream.tls.timeout', 'a record that stops in the middle', () => begin('\x16\x03\x01'));
});

describe('the head', () => {
  stage.drives('downstream.head.malformed', 'two Host fields', () =>
    refusedHead('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'),
  );
  stage.drives('downstream.head.too-large', 'a hundred and one fields', () =>
    refusedHead(requestHead('GET /', ...Array.from({ length: 101 }, () => 'X-A: b'))),
  );
  stage.drives('downstream.head.target-too-long', 'a path of ten thousand letters', () =>
    refusedHead(requestHead(`GET /${'a'.repeat(10_000)}`)),
  );
  stage.drives('downstream.head.timeout', 'a head that stops in the middle', () =>
    refusedHead('GET / HTTP/1.1\r\n'),
  );
  stage.drives('downstream.head.version-unsupported', 'HTTP/3.0 in a request line', () =>
    refusedHead('GET / HTTP/3.0\r\nHost: a\r\n\r\n'),
  );
  stage.drives('downstream.head.coding-unsupported', 'Transfer-Encoding: gzip, chunked', () =>
    refusedHead(requestHead('POST /get/a', 'Transfer-Encoding: gzip, chunked')),
  );
  stage.drives('downstream.head.expectation-unsupported', 'Expect: tea', () =>
    refusedHead(requestHead('GET /get/a', 'Expect: tea')),
  );
  stage.drives('downstream.head.method-unsupported', 'TRACE', () => refusedHead(requestHead('TRACE /get/a')));
  stage.drives('downstream.head.misdirected', 'a host that the certificate does not cover', async () => {
    const session = await stage.session('secure', true);
    return answeredHttp2(await http2Ask(session, { ':path': '/get/a', ':authority': 'other.test' }));
  });
  stage.drives('downstream.head.aborted', 'a FIN in the middle of it', async () => {
    const client = await stage.connect();
    await client.send('GET /get/a HTTP/1.1\r\nHo');
    client.halfClose();
    await client.ended();
    return left();
  });
});

describe('the route', () => {
  stage.drives('downstream.route.not-found', 'a path that no route has', async () =>
    answered(await stage.ask('nowhere')),
  );
  stage.drives('downstream.route.method-not-allowed', 'DELETE where there is only GET', () =>
    refusedHead(requestHead('DELETE /get/a')),
  );
  stage.drives('downstream.route.ambiguous-path', 'an encoded slash', () =>
    refusedHead(requestHead('GET /get/..%2fadmin')),
  );
  stage.drives('downstream.route.loop', 'an upstream that is the gateway itself', async () =>
    answered(await stage.ask('round')),
  );
  stage.drives(
    'downstream.route.upgrade-refused',
    'a WebSocket over HTTP/2 on a route with upgrades: false',
    async () => {
      const session = await stage.session();
      if (!session.remoteSettings.enableConnectProtocol) await once(session, 'remoteSettings');
      const head = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/calm/a', ':scheme': 'http' };
      // A tunnel is asked for by a request that does not end with its head.
      return answeredHttp2(await http2Ask(session, { ...head, ':authority': 'localhost' }, ''));
    },
  );
});

describe('a filter', () => {
  const bearer = (text: string): string => requestHead('GET PATH', `Authorization: Bearer ${text}`);
  stage.drives('downstream.filter.unauthenticated', 'a token with another signature', async () =>
    answered(
      await stage.ask('jwt', bearer(token({ scope: 'write' }, 'another secret of thirty-two bytes or more'))),
    ),
  );
  stage.drives('downstream.filter.forbidden', 'a token without the scope', async () =>
    answered(await stage.ask('jwt', bearer(token({ scope: 'read' })))),
  );
  stage.drives('downstream.filter.too-large', 'a body beyond body-limit', async () =>
    answered(await stage.ask('small', `${requestHead('POST PATH', 'Content-Length: 11')}hello world`)),
  );
  stage.drives('downstream.filter.redirected', 'a redirect', async () => answered(await stage.ask('moved')));
  stage.drives(
    'downstream.filter.answered',
    'a redirect to the host of a request that names none',
    async () => answered(await stage.ask('moved', 'GET PATH HTTP/1.0\r\n\r\n')),
  );
});
