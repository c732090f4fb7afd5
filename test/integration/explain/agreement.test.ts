/** What is explained is what happens: the same requests are asked about and sent, and both must come to the same. */
import type { Explanation } from '../../../src/contracts/explanation.js';
import {
  http2Ask,
  http2Session,
  rawClient,
  startRecordingUpstream,
  startTorus,
  TEST_SECRET,
  testCertificate,
  token,
  type RecordingUpstream,
  type RunningTorus,
} from '../../support/index.js';

interface Question {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const JWT = {
  'jwt-auth': { secret: TEST_SECRET, algorithms: ['HS256'], claimsToHeaders: { sub: 'x-user' } },
};
const bearer = (claims?: object): Record<string, string> => ({
  authorization: `Bearer ${token({ sub: 'alice', ...claims })}`,
});

const config = (port: number, more: object = {}): object => ({
  workers: 1,
  admin: { address: '127.0.0.1:0' },
  trustedProxies: ['127.0.0.1/32'],
  upstreams: {
    app: { endpoints: [`http://127.0.0.1:${String(port)}`], outlierEjection: false },
    hashed: {
      endpoints: [
        { url: `http://127.0.0.1:${String(port)}` },
        { url: `http://localhost:${String(port)}`, weight: 2 },
      ],
      balancer: { 'consistent-hash': { on: { header: 'x-shard-key' } } },
    },
  },
  routes: [
    { name: 'users', match: { path: '/users/*', methods: ['GET', 'POST'] }, filters: [JWT], upstream: 'app' },
    {
      name: 'beta',
      match: { path: '/users/*', headers: { 'x-beta': true }, query: { v: '2' } },
      upstream: 'app',
    },
    {
      name: 'api',
      match: { host: 'api.example.test', path: '/api/*' },
      rewrite: { replacePrefix: { from: '/api', to: '/v2' } },
      filters: [{ headers: { request: { set: { 'x-env': 'test' }, remove: ['x-secret'] } } }],
      hostHeader: 'endpoint',
      timeouts: { request: '30s', deadlineHeader: 'x-time-left' },
      upstream: 'app',
    },
    {
      name: 'inside',
      match: { path: '/inside' },
      filters: [{ 'ip-allow': { allow: ['10.0.0.0/8'] } }],
      upstream: 'app',
    },
    {
      name: 'small',
      match: { path: '/small' },
      filters: [{ 'body-limit': { max: '10B' } }],
      upstream: 'app',
    },
    {
      name: 'moved',
      match: { path: '/moved/*' },
      filters: [{ redirect: { location: 'https://new.example.test${path}', status: 308 } }],
    },
    { name: 'hashed', match: { path: '/hashed' }, upstream: 'hashed' },
  ],
  ...more,
});

const QUESTIONS: readonly (readonly [what: string, question: Question])[] = [
  ['a token that verifies', { path: '/users/7?x=1', headers: bearer() }],
  ['no token', { path: '/users/7' }],
  ['an expired token', { path: '/users/7', headers: bearer({ exp: 1000 }) }],
  [
    'a token with a foreign signature',
    { path: '/users/7', headers: { authorization: `Bearer ${token({}, 'x'.repeat(40))}` } },
  ],
  ['another method', { method: 'DELETE', path: '/users/7' }],
  ['more predicates', { path: '/users/7?v=2', headers: { 'x-beta': '1' } }],
  ['no such path', { path: '/nowhere' }],
  [
    'a rewritten path',
    { path: '/api/a//b/../c?d=e', headers: { host: 'API.example.test', 'x-secret': '1' } },
  ],
  ['another host', { path: '/api/a', headers: { host: 'other.example.test' } }],
  ['an ambiguous path', { path: '/api/..%2f' }],
  ['TRACE', { method: 'TRACE', path: '/hashed' }],
  ['CONNECT without a route', { method: 'CONNECT', path: 'db.example.test:5432' }],
  ['an address that is not allowed', { path: '/inside' }],
  [
    'an address behind a trusted proxy',
    { path: '/inside', headers: { 'x-forwarded-for': '6.6.6.6, 10.1.2.3' } },
  ],
  ['a forged address', { path: '/inside', headers: { 'x-forwarded-for': '10.1.2.3, 6.6.6.6' } }],
  ['a body that is too long', { method: 'POST', path: '/small', headers: { 'content-length': '11' } }],
  ['a redirect', { path: '/moved/a' }],
  ['a key', { path: '/hashed', headers: { 'x-shard-key': 'one' } }],
  ['another key', { path: '/hashed', headers: { 'x-shard-key': 'three' } }],
  ['a loop', { path: '/hashed', headers: { via: Array<string>(8).fill('1.1 torus').join(', ') } }],
  ['OPTIONS for the last hop', { method: 'OPTIONS', path: '/hashed', headers: { 'max-forwards': '0' } }],
  ['OPTIONS for one more hop', { method: 'OPTIONS', path: '/hashed', headers: { 'max-forwards': '3' } }],
  ['two Content-Lengths', { method: 'POST', path: '/small', headers: { 'content-length': '3, 3' } }],
  ['a long request line', { path: `/hashed?${'a'.repeat(9000)}` }],
  ['a large head', { path: '/hashed', headers: { 'x-big': 'b'.repeat(17_000) } }],
];

const explained = async (torus: RunningTorus, question: object): Promise<Explanation> => {
  const response = await torus.admin('/explain', { method: 'POST', body: JSON.stringify(question) });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${String(response.status)}: ${text}`);
  return JSON.parse(text) as Explanation;
};

const hostOf = ({ headers = {} }: Question): string => headers['host'] ?? 'web.example.test';

const linesOf = ({ headers = {} }: Question): string =>
  Object.entries({ host: 'web.example.test', ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');

/** What nobody can foretell, and what is nobody's business. */
const VARIES = new Set(['x-request-id', 'authorization', 'x-user', 'x-time-left']);

const comparable = (pairs: readonly (readonly [string, string])[]): string[] =>
  pairs.filter(([name]) => !VARIES.has(name)).map(([name, value]) => `${name}: ${value}`);

const pairsIn = (head: string): (readonly [string, string])[] =>
  head
    .split('\r\n')
    .slice(1)
    .map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]);

describe('an explanation by a running instance', () => {
  let upstream: RecordingUpstream;
  let torus: RunningTorus;

  beforeAll(async () => {
    upstream = await startRecordingUpstream();
    const listeners = [{ name: 'plain', address: '127.0.0.1:0' }];
    torus = await startTorus({ config: config(upstream.port, { listeners }) });
  });
  afterAll(async () => {
    await torus.stop();
    await upstream.close();
  });

  it.each(QUESTIONS)('agrees with what becomes of %s', async (_what, question) => {
    const { method = 'GET', path } = question;
    const url = method === 'CONNECT' ? path : `http://${hostOf(question)}${path}`;
    const { verdict, forwarded, upstreams, request } = await explained(torus, {
      method,
      url,
      headers: question.headers ?? {},
    });
    const before = upstream.requests.length;
    await using client = await rawClient({ port: torus.port('plain') });
    const response = await client.exchange(`${method} ${path} HTTP/1.1\r\n${linesOf(question)}\r\n`, {
      method,
    });
    const sent = upstream.requests[before];
    expect(response.end).toBe('complete');
    expect(verdict.status ?? 200).toBe(response.status);
    expect(forwarded !== undefined).toBe(sent !== undefined);
    if (verdict.outcome === 'refused') {
      expect(response.body.toString()).toContain(`"cause":"${String(verdict.cause)}"`);
      return;
    }
    if (sent === undefined || forwarded === undefined) return;
    expect(sent.line).toBe(`${method} ${forwarded.target} HTTP/1.1`);
    expect(comparable(pairsIn(sent.head))).toEqual(comparable(forwarded.fields));
    expect(upstreams).toHaveLength(1);
    expect(request.client).toBe(
      question.headers?.['x-forwarded-for'] === undefined ? '127.0.0.1' : '10.1.2.3',
    );
    const line = await torus.waitForLog((at) => at['id'] === sent.values('x-request-id')[0]);
    expect(line['route']).toBe(verdict.route);
    if (verdict.endpoint !== undefined) expect(line['endpoint']).toBe(verdict.endpoint);
  });

  it('is certain of the endpoint where the balancer is', async () => {
    const picks = await Promise.all(
      Array.from({ length: 20 }, async (_, key) => {
        const { verdict } = await explained(torus, {
          url: 'http://x/hashed',
          headers: { 'x-shard-key': `key-${String(key)}` },
        });
        return verdict.endpoint;
      }),
    );
    expect(new Set(picks)).toEqual(
      new Set([`127.0.0.1:${String(upstream.port)}`, `localhost:${String(upstream.port)}`]),
    );
    const { verdict } = await explained(torus, { url: 'http://x/hashed' });
    expect(verdict.endpoint).toBeUndefined();
  });
});

describe('an explanation of a request by HTTP/2', () => {
  it('agrees with what becomes of it', async () => {
    const { certFile, keyFile } = await testCertificate();
    const upstream = await startRecordingUpstream();
    const listeners = [
      { name: 'edge', address: '127.0.0.1:0', tls: { certificates: [{ cert: certFile, key: keyFile }] } },
    ];
    await using torus = await startTorus({ config: config(upstream.port, { listeners }) });
    const session = await http2Session({ port: torus.port('edge') });
    const questions: readonly Question[] = [
      { path: '/users/7', headers: bearer() },
      { path: '/users/7' },
      { path: '/users/7', headers: { 'content-length': 'x' } },
      { path: '/nowhere' },
      { path: '/a/..%2fb' },
      { path: '/hashed', headers: { 'x-shard-key': 'one' } },
    ];
    for (const question of questions) {
      const { path, headers = {} } = question;
      const url = `https://localhost${path}`;
      const { verdict, request, forwarded } = await explained(torus, { url, headers, http2: true });
      const answer = await http2Ask(session, { ':authority': 'localhost', ':path': path, ...headers });
      expect([path, verdict.status ?? 200]).toEqual([path, answer.status === 0 ? 400 : answer.status]);
      expect(request.protocol).toBe('HTTP/2');
      if (forwarded !== undefined)
        expect(comparable(pairsIn(upstream.requests.at(-1)!.head))).toEqual(comparable(forwarded.fields));
    }
    session.close();
    await torus.stop();
    await upstream.close();
  });
});
