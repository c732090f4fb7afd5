/** body-limit, ip-allow, headers, redirect, and the order of filters, over the wire. */
import type { IncomingMessage } from 'node:http';
import {
  echo,
  rawClient,
  requestHead,
  startHttpUpstream,
  startTorus,
  TEST_SECRET,
  token,
  until,
  type RawClient,
  type ReadResponse,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

describe('filters over the wire', () => {
  let torus: RunningTorus;
  let upstream: TestUpstream;
  let arrived: IncomingMessage[];

  beforeAll(async () => {
    arrived = [];
    upstream = await startHttpUpstream(async (request, response) => {
      arrived.push(request);
      response.setHeader('server', 'secret-server/1.0');
      response.setHeader('x-remove-me', 'yes');
      response.setHeader('vary', 'accept');
      await echo(request, response);
    });
    const route = (name: string, filters: object[], more: object = {}) => ({
      name,
      match: { path: `/${name}/*` },
      filters,
      upstream: 'echo',
      ...more,
    });
    const redirect = (name: string, location: string, status = 308) => ({
      name,
      match: { path: `/${name}/*` },
      filters: [{ redirect: { location, status } }],
    });
    torus = await startTorus({
      config: {
        workers: 1,
        listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
        admin: { address: '127.0.0.1:0' },
        trustedProxies: ['127.0.0.2'],
        upstreams: { echo: { endpoints: [upstream.url] } },
        routes: [
          route('limit', [{ 'body-limit': { max: '1000B' } }]),
          route('allow', [{ 'ip-allow': { allow: ['203.0.113.0/24'], deny: ['203.0.113.66'] } }]),
          route('edit', [
            {
              headers: {
                request: { remove: ['cookie'], set: { 'x-env': 'prod' }, append: { 'x-list': 'torus' } },
                response: {
                  remove: ['server', 'x-remove-me'],
                  set: { 'x-frame-options': 'DENY' },
                  append: { vary: 'origin' },
                },
              },
            },
          ]),
          redirect('moved', 'https://${host}${path}${query}'),
          redirect('found', '/elsewhere${query}', 302),
          route('order', [
            { 'jwt-auth': { secret: TEST_SECRET } },
            { 'body-limit': { max: '10B' } },
            { headers: { response: { set: { 'x-order': 'first' } } } },
            { headers: { response: { set: { 'x-order': 'second' } } } },
          ]),
        ],
      },
    });
  });

  afterAll(async () => {
    await torus.stop();
    await upstream.close();
  });

  const connect = (localAddress?: string): Promise<RawClient> =>
    rawClient({ port: torus.port(), ...(localAddress ? { localAddress } : {}) });
  const ask = async (bytes: string, localAddress?: string): Promise<ReadResponse> => {
    const client = await connect(localAddress);
    const response = await client.exchange(bytes);
    await client.close();
    return response;
  };
  const arrivedAt = (url: string): IncomingMessage[] => arrived.filter((request) => request.url === url);
  const headersSeen = (response: ReadResponse): Record<string, string> =>
    (JSON.parse(response.text()) as { headers: Record<string, string> }).headers;

  describe('body-limit', () => {
    it('answers a Content-Length past the limit at once, without waiting for the body', async () => {
      const client = await connect();
      const response = await client.exchange(requestHead('POST /limit/length', 'Content-Length: 1001'));
      expect(response.status).toBe(413);
      expect(JSON.parse(response.text())).toMatchObject({ cause: 'downstream.filter.too-large' });
      expect(arrivedAt('/limit/length')).toEqual([]);
      await client.close();
    });

    it('lets a body of exactly the limit through, with a length and in chunks', async () => {
      const body = 'x'.repeat(1000);
      expect((await ask(requestHead('POST /limit/fits', 'Content-Length: 1000') + body)).status).toBe(200);
      const chunked = `${requestHead('POST /limit/fits', 'Transfer-Encoding: chunked')}3e8\r\n${body}\r\n0\r\n\r\n`;
      expect((await ask(chunked)).status).toBe(200);
    });

    it('answers a chunked body with 413 when it passes the limit, and no complete body reaches the upstream', async () => {
      const client = await connect();
      await client.send(`${requestHead('POST /limit/chunked', 'Transfer-Encoding: chunked')}320\r\n`);
      await client.send(`${'x'.repeat(800)}\r\n`);
      await until(() => arrivedAt('/limit/chunked').length === 1, 5_000, 'the first chunk upstream');
      await client.send(`320\r\n${'x'.repeat(800)}\r\n0\r\n\r\n`);
      const response = await client.response();
      expect([response.status, response.field('connection')]).toEqual([413, 'close']);
      const [request] = arrivedAt('/limit/chunked');
      await until(() => request!.destroyed, 5_000, 'the upstream to see it broken');
      expect(request!.complete).toBe(false);
      await client.close();
    });

    it('answers 413 to a chunked body past the limit that came in one piece, and sends nothing upstream', async () => {
      const body = `3e9\r\n${'x'.repeat(1001)}\r\n0\r\n\r\n`;
      const response = await ask(requestHead('POST /limit/whole', 'Transfer-Encoding: chunked') + body);
      expect(response.status).toBe(413);
      expect(arrivedAt('/limit/whole')).toEqual([]);
    });

    it('answers Expect: 100-continue past the limit with 413 and no 100', async () => {
      const fields = ['Content-Length: 5000', 'Expect: 100-continue'];
      const response = await ask(requestHead('POST /limit/expect', ...fields));
      expect([response.status, response.interim]).toEqual([413, []]);
    });
  });

  describe('ip-allow', () => {
    it.each([
      ['a trusted peer that speaks for an allowed client', '127.0.0.2', '203.0.113.5', 200],
      ['a trusted peer that speaks for a denied client', '127.0.0.2', '203.0.113.66', 403],
      ['a trusted peer that speaks for a stranger', '127.0.0.2', '198.51.100.1', 403],
      [
        'a client that only claims to be behind an allowed address',
        '127.0.0.2',
        '203.0.113.5, 198.51.100.1',
        403,
      ],
      ['a peer that is not trusted, whatever it claims', '127.0.0.1', '203.0.113.5', 403],
    ])('judges %s by the right address', async (_who, from, claim, status) => {
      const response = await ask(requestHead('GET /allow/x', `X-Forwarded-For: ${claim}`), from);
      expect(response.status).toBe(status);
      if (status === 403)
        expect(JSON.parse(response.text())).toMatchObject({ cause: 'downstream.filter.forbidden' });
    });

    it('logs the address that it judged', async () => {
      await ask(requestHead('GET /allow/logged', 'X-Forwarded-For: 203.0.113.9'), '127.0.0.2');
      const line = await torus.waitForLog((at) => at['path'] === '/allow/logged');
      expect(line['client']).toBe('203.0.113.9');
    });
  });

  describe('headers', () => {
    it('edits the request that goes upstream', async () => {
      const fields = ['Cookie: a=1', 'X-Env: dev', 'X-List: client'];
      const seen = headersSeen(await ask(requestHead('GET /edit/x', ...fields)));
      expect(seen['cookie']).toBeUndefined();
      expect(seen).toMatchObject({ 'x-env': 'prod', 'x-list': 'client, torus' });
    });

    it('edits the response that goes to the client', async () => {
      const response = await ask(requestHead('GET /edit/x'));
      expect([response.field('server'), response.field('x-remove-me')]).toEqual([undefined, undefined]);
      expect(response.field('x-frame-options')).toBe('DENY');
      const vary = response.fields
        .filter(([name]) => name.toLowerCase() === 'vary')
        .map(([, value]) => value);
      expect(vary.join(', ')).toBe('accept, origin');
    });
  });

  describe('redirect', () => {
    it('fills its template from the request', async () => {
      const response = await ask(requestHead('GET /moved/a/b?c=d&e=f'));
      expect([response.status, response.field('location')]).toEqual([
        308,
        'https://example.test/moved/a/b?c=d&e=f',
      ]);
      const found = await ask(requestHead('GET /found/a?c=d'));
      expect([found.status, found.field('location')]).toEqual([302, '/elsewhere?c=d']);
    });

    it.each([
      ['the path', 'GET /moved/a%0d%0aSet-Cookie:%20evil=1'],
      ['the query', 'GET /moved/a?b=%0d%0aSet-Cookie:%20evil=1'],
    ])('cannot be made to write a field by CR LF in %s', async (_where, line) => {
      const response = await ask(requestHead(line));
      expect(response.field('set-cookie')).toBeUndefined();
      if (response.status === 308) expect(response.field('location')).not.toMatch(/[\r\n]/);
      else expect(response.status).toBe(400);
    });

    it.each(['evil.test\rX: y', 'evil.test/path', 'user@evil.test', 'evil.test"', ''])(
      'refuses the Host %j',
      async (host) => {
        const response = await ask(`GET /moved/a HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
        expect([response.status, response.field('location')]).toEqual([400, undefined]);
      },
    );

    it('needs no upstream, and leaves the connection open', async () => {
      const client = await connect();
      for (let count = 0; count < 3; count += 1)
        expect((await client.exchange(requestHead('GET /moved/again'))).status).toBe(308);
      expect(arrivedAt('/moved/again')).toEqual([]);
      await client.close();
    });
  });

  describe('the order of the route', () => {
    it('is the order of requests: who is not authenticated learns nothing of a limit', async () => {
      const large = requestHead('POST /order/x', 'Content-Length: 11');
      expect((await ask(`${large}${'x'.repeat(11)}`)).status).toBe(401);
      const known = requestHead('POST /order/x', 'Content-Length: 11', `Authorization: Bearer ${token()}`);
      expect((await ask(`${known}${'x'.repeat(11)}`)).status).toBe(413);
    });

    it('is turned round for responses: the first filter has the last word', async () => {
      const response = await ask(requestHead('GET /order/x', `Authorization: Bearer ${token()}`));
      expect(response.fields.filter(([name]) => name === 'x-order')).toEqual([['x-order', 'first']]);
    });
  });
});
