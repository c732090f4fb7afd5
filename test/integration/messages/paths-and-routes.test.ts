/** Paths are read once: the bytes that are routed are the bytes that are forwarded. And which route wins, end to end. */
import { requestHead } from '../../support/index.js';
import { startMessagesFixture, type MessagesFixture } from './messages-fixture.js';

const to = (name: string, match: object, more: object = {}): object => ({
  name,
  match,
  upstream: 'recorder',
  filters: [{ headers: { request: { set: { 'x-route': name } } } }],
  ...more,
});

let fixture: MessagesFixture;
beforeAll(async () => {
  fixture = await startMessagesFixture({
    routes: [
      to('api', { path: '/api/*' }),
      to('api-exact', { path: '/api/exact' }),
      to('api-id', { path: '/api/:id/parts' }),
      to('api-deep', { path: '/api/deep/*' }),
      to('api-beta', { path: '/api/*', headers: { 'x-beta': true } }),
      to('by-host', { path: '/api/*', host: 'exact.test' }),
      to('by-wildcard', { path: '/api/*', host: '*.wild.test' }),
      to('by-query', { path: '/search', query: { v: '2' } }),
      to('search', { path: '/search' }),
      to('read-only', { path: '/read', methods: ['GET'] }),
      to('write', { path: '/read', methods: ['POST'] }),
      to('stripped', { path: '/strip/*' }, { rewrite: { stripPrefix: '/strip' } }),
      to('replaced', { path: '/old/*' }, { rewrite: { replacePrefix: { from: '/old', to: '/new/er' } } }),
      to('own-host', { path: '/own-host' }, { hostHeader: 'endpoint' }),
      to('files', { path: '/files/*' }),
    ],
  });
});
afterAll(() => fixture.stop());

/** Status, and what the upstream saw of it: route and target. */
const visit = async (target: string, host = 'example.test', ...fields: string[]): Promise<unknown[]> => {
  const client = await fixture.connect();
  const before = fixture.upstream.requests.length;
  const head = [`GET ${target} HTTP/1.1`, `Host: ${host}`, ...fields, '', ''].join('\r\n');
  const { status } = await client.exchange(head);
  await client.close();
  const request = fixture.upstream.requests[before];
  return request === undefined
    ? [status]
    : [status, request.values('x-route')[0], request.line.split(' ')[1]];
};

describe('paths', () => {
  it.each([
    ['/files/./a', '/files/a'],
    ['/files/a/../b', '/files/b'],
    ['/files//a///b', '/files/a/b'],
    ['/files/%61%2D%7e', '/files/a-~'],
    ['/files/%e2%82%ac', '/files/%E2%82%AC'],
    ['/x/../files/a', '/files/a'],
    ['/files/[...slug]', '/files/[...slug]'],
    ['/files/a?next=//b/../c%2e', '/files/a?next=//b/../c%2e'],
  ])('%s is routed and forwarded as %s', async (target, forwarded) => {
    expect(await visit(target)).toEqual([200, 'files', forwarded]);
  });

  it.each([
    '/files/../../etc/passwd',
    '/files/%2e%2e/api/x',
    '/files/..%2fapi',
    '/files/a%2Fb',
    '/files/a%5cb',
    '/files/a\\b',
    '/files/%00',
    '/files/%c0%ae%c0%ae/api',
    '/files/..;/api',
    '/files/%zz',
  ])('%s can be read in two ways and is refused', async (target) => {
    expect(await visit(target)).toEqual([400]);
  });

  it('a target that begins with two slashes names a path, never another host', async () => {
    expect(await visit('//10.10.10.10/api/x')).toEqual([404]);
    expect(await visit('//api/x')).toEqual([200, 'api', '/api/x']);
  });

  it('dots cannot leave a prefix for a route with other rules', async () => {
    expect(await visit('/files/../api/exact')).toEqual([200, 'api-exact', '/api/exact']);
  });
});

describe('routes', () => {
  it.each([
    ['exact before everything', '/api/exact', 'api-exact'],
    ['a parameter before a prefix', '/api/7/parts', 'api-id'],
    ['the longer prefix before the shorter', '/api/deep/x', 'api-deep'],
    ['a prefix for the rest, and for itself', '/api', 'api'],
    ['more predicates before fewer', '/search?v=2', 'by-query'],
    ['fewer where they do not hold', '/search?v=3', 'search'],
  ])('%s', async (_title, target, route) => {
    expect((await visit(target)).slice(0, 2)).toEqual([200, route]);
  });

  it('a host before any path, exact and wildcard, in any case and with a port', async () => {
    expect(await visit('/api/exact', 'EXACT.test:8080')).toEqual([200, 'by-host', '/api/exact']);
    expect(await visit('/api/exact', 'a.b.wild.test')).toEqual([200, 'by-wildcard', '/api/exact']);
    expect(await visit('/api/exact', 'wild.test')).toEqual([200, 'api-exact', '/api/exact']);
  });

  it('a header that must be there', async () => {
    expect((await visit('/api/x', 'example.test', 'X-Beta: 1')).slice(0, 2)).toEqual([200, 'api-beta']);
  });

  it('a prefix ends at a segment boundary', async () => {
    expect(await visit('/apiary')).toEqual([404]);
  });

  it('a rewrite strips or replaces the prefix and leaves the query alone', async () => {
    expect(await visit('/strip/a/b?x=/strip')).toEqual([200, 'stripped', '/a/b?x=/strip']);
    expect(await visit('/strip')).toEqual([200, 'stripped', '/']);
    expect(await visit('/old/a?b')).toEqual([200, 'replaced', '/new/er/a?b']);
  });

  it("Host is the client's, or the endpoint's own where the route says so", async () => {
    await visit('/api/host', 'Client.test:99');
    expect((await fixture.upstream.request('/api/host')).values('host')).toEqual(['Client.test:99']);
    await visit('/own-host');
    const request = await fixture.upstream.request('/own-host');
    expect(request.values('host')).toEqual([new URL(fixture.upstream.url).host]);
    expect(request.values('x-forwarded-host')).toEqual(['example.test']);
  });
});

describe('local replies', () => {
  it('404 is a problem document with the request id and the cause, and nothing of the inside', async () => {
    const client = await fixture.connect();
    const response = await client.exchange(requestHead('GET /nowhere'));
    expect([response.status, response.field('content-type')]).toEqual([404, 'application/problem+json']);
    const problem = JSON.parse(response.text()) as Record<string, unknown>;
    expect(problem).toMatchObject({ type: 'about:blank', status: 404, cause: 'downstream.route.not-found' });
    expect(problem['requestId']).toBe(response.field('x-request-id'));
    expect(Object.keys(problem).sort()).toEqual(['cause', 'requestId', 'status', 'title', 'type']);
    expect(response.text()).not.toMatch(/ at |\.ts|\.js|node_modules/);
    const line = await fixture.torus.waitForLog((at) => at['id'] === problem['requestId']);
    expect(line).toMatchObject({ status: 404, cause: 'downstream.route.not-found' });
  });

  it('405 names the methods of every route with that path in Allow', async () => {
    const client = await fixture.connect();
    const response = await client.exchange(requestHead('DELETE /read'));
    expect(response.status).toBe(405);
    const allow = (response.field('allow') ?? '').split(', ').sort();
    expect(allow).toEqual(expect.arrayContaining(['GET', 'POST']));
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'downstream.route.method-not-allowed' });
  });

  it('a local reply to HEAD tells the length and sends no body', async () => {
    const client = await fixture.connect();
    const response = await client.exchange(requestHead('HEAD /nowhere'), { method: 'HEAD' });
    expect(response.status).toBe(404);
    expect(Number(response.field('content-length'))).toBeGreaterThan(0);
    expect((await client.exchange(requestHead('GET /api/next'))).status).toBe(200);
  });

  it('a request that is refused by its head gets a problem document as well', async () => {
    const client = await fixture.connect();
    const response = await client.exchange(requestHead('GET /a', 'Content-Length: x'));
    expect([response.status, response.field('content-type')]).toEqual([400, 'application/problem+json']);
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'downstream.head.malformed', status: 400 });
  });
});
