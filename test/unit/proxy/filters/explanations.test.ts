/** What filters say of a request that nobody has sent: the same as they would do, and no more than that. */
import type { FilterConfig } from '../../../../src/contracts/config.js';
import type { FilterExplanation } from '../../../../src/contracts/explanation.js';
import type { KeySetSource } from '../../../../src/contracts/key-set.js';
import { createFilter } from '../../../../src/proxy/filters/index.js';
import { type FakeHead, fakeExchange, upstreamCopy } from '../../../support/fake-exchange.js';
import { jwtAuthOptions } from '../../../support/jwt-auth-options.js';
import { TEST_SECRET, token } from '../../../support/token.js';

const NO_KEYS: KeySetSource = {
  current: () => undefined,
  refresh: () => Promise.reject(new Error('nobody may fetch')),
};

const asked = (
  config: FilterConfig,
  head: FakeHead = {},
  { client = '203.0.113.9', showValues = false } = {},
) => {
  const filter = createFilter(config, { now: () => Date.now(), keySets: NO_KEYS });
  const exchange = fakeExchange(head, client);
  const fields = upstreamCopy(exchange);
  const said = filter.explain!(exchange, fields, { showValues });
  return { said, exchange, fields, filter };
};

/** Its own verdict, for real. */
const done = async (config: FilterConfig, head: FakeHead = {}, client = '203.0.113.9') => {
  const filter = createFilter(config, { now: () => Date.now(), keySets: NO_KEYS });
  const exchange = fakeExchange(head, client);
  const fields = upstreamCopy(exchange);
  const verdict = await filter.onRequest?.(exchange, fields);
  return { verdict, exchange, fields };
};

const JWT: FilterConfig = {
  name: 'jwt-auth',
  options: jwtAuthOptions({
    key: { kind: 'secret', secret: TEST_SECRET },
    scopes: ['read'],
    audience: ['users'],
    claimsToHeaders: { sub: 'x-user' },
    forwardToken: false,
  }),
};
const bearer = (claims: object): FakeHead => ({
  fields: [
    ['authorization', `Bearer ${token({ sub: 'alice', scope: 'read', aud: 'users', ...claims })}`],
    ['x-user', 'forged'],
  ],
});

const CASES: readonly (readonly [string, FilterConfig, FakeHead])[] = [
  ['a good token', JWT, bearer({})],
  ['no token', JWT, {}],
  ['a token for others', JWT, bearer({ aud: 'others' })],
  ['an expired token', JWT, bearer({ exp: 1 })],
  ['a token without a scope', JWT, bearer({ scope: 'write' })],
  ['junk', JWT, { fields: [['authorization', 'Bearer junk']] }],
  ['an allowed address', { name: 'ip-allow', options: { allow: ['203.0.113.0/24'], deny: [] } }, {}],
  ['a denied address', { name: 'ip-allow', options: { allow: [], deny: ['203.0.113.9'] } }, {}],
  ['a long body', { name: 'body-limit', options: { maxBytes: 9 } }, { framing: 'length', contentLength: 10 }],
  ['a short body', { name: 'body-limit', options: { maxBytes: 9 } }, { framing: 'length', contentLength: 9 }],
  ['a redirect', { name: 'redirect', options: { status: 307, location: 'https://${host}/' } }, {}],
  [
    'a redirect without a host',
    { name: 'redirect', options: { status: 307, location: 'https://${host}/' } },
    { host: '' },
  ],
  [
    'edits',
    {
      name: 'headers',
      options: {
        request: { remove: ['x-a'], set: { 'x-b': '1' }, append: {} },
        response: { remove: [], set: {}, append: { 'x-c': '2' } },
      },
    },
    { fields: [['x-a', '0']] },
  ],
];

describe('the word of a filter', () => {
  it.each(CASES)('is what it does: %s', async (_what, config, head) => {
    const { said, exchange, fields } = asked(config, head);
    const real = await done(config, head);
    expect(said.verdict).toBe(real.verdict === undefined ? 'continues' : 'answers');
    expect([said.status, said.cause]).toEqual([real.verdict?.status, real.verdict?.cause]);
    expect([...fields.entries()]).toEqual([...real.fields.entries()]);
    expect(exchange.identity?.subject).toBe(real.exchange.identity?.subject);
    expect(said.why).not.toBe('');
  });

  const whys: readonly (readonly [string, FilterConfig, FakeHead, RegExp])[] = [
    ['the network', CASES[6]![1], {}, /203\.0\.113\.9 is in allow 203\.0\.113\.0\/24/],
    ['the network that denies', CASES[7]![1], {}, /is in deny 203\.0\.113\.9/],
    ['the audience', JWT, bearer({ aud: 'others' }), /audience invalid/],
    ['the scopes', JWT, bearer({ scope: 'write' }), /must hold read/],
    [
      'the body',
      { name: 'body-limit', options: { maxBytes: 9 } },
      { framing: 'chunked' },
      /depends on the body/,
    ],
    [
      'the edits',
      CASES[12]![1],
      {},
      /removes x-a in the request; sets x-b in the request; appends x-c in the response/,
    ],
  ];
  it.each(whys)('names the reason: %s', (_what, config, head, words) => {
    expect(asked(config, head).said.why).toMatch(words);
  });

  it('tells claims by name, their values to those who ask, and the token to nobody', () => {
    const head = bearer({ email: 'alice@example.test' });
    const text = (said: FilterExplanation): string => JSON.stringify(said);
    const closed = text(asked(JWT, head).said);
    expect(closed).toContain('email');
    expect(closed).not.toContain('alice@example.test');
    const open = text(asked(JWT, head, { showValues: true }).said);
    expect(open).toContain('alice@example.test');
    const sent = head.fields![0]![1].slice('Bearer '.length);
    for (const said of [closed, open]) for (const part of sent.split('.')) expect(said).not.toContain(part);
  });

  it('fetches no keys, and says that they would be', () => {
    const config: FilterConfig = {
      name: 'jwt-auth',
      options: jwtAuthOptions({ key: { kind: 'jwks-url', url: 'https://issuer.test/' } }),
    };
    expect(asked(config, bearer({})).said).toMatchObject({ verdict: 'depends' });
  });

  it('leaves nothing behind that a later request would meet', async () => {
    const { filter } = asked(JWT, bearer({}));
    const exchange = fakeExchange(bearer({ exp: 1 }));
    const verdict = await filter.onRequest!(exchange, upstreamCopy(exchange));
    expect(verdict).toMatchObject({ status: 401 });
  });
});
