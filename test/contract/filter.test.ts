import { createSecretKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { JwtAuthOptions } from '../../src/contracts/config.js';
import { bodyLimitFactory } from '../../src/proxy/filters/body-limit/index.js';
import { headersFactory } from '../../src/proxy/filters/headers/index.js';
import { ipAllowFactory } from '../../src/proxy/filters/ip-allow/index.js';
import { jwtAuthFactory } from '../../src/proxy/filters/jwt-auth/index.js';
import { redirectFactory } from '../../src/proxy/filters/redirect/index.js';
import { jwtAuthOptions } from '../support/jwt-auth-options.js';
import { describeFilter } from './filter.js';

const secret = 'a shared secret of this test, long enough';
const token = jwt.sign({ sub: 'ada', exp: 1_700_000_100 }, createSecretKey(Buffer.from(secret)));
const heads = [
  {},
  { fields: [['authorization', `Bearer ${token}`]] as const },
  {
    fields: [
      ['authorization', `Bearer ${token}x`],
      ['x-auth-subject', 'eve'],
    ] as const,
  },
];

const tokenFrom: readonly JwtAuthOptions['from'][] = [
  { kind: 'header', name: 'authorization', scheme: 'Bearer' },
  { kind: 'cookie', name: 'token' },
  { kind: 'query', name: 'token' },
];
for (const from of tokenFrom) {
  const options = jwtAuthOptions({
    key: { kind: 'secret', secret },
    from,
    claimsToHeaders: { sub: 'x-auth-subject' },
  });
  describeFilter(jwtAuthFactory, {
    options,
    heads: [...heads, { query: `?token=${token}` }, { fields: [['cookie', `token=${token}`]] }],
  });
}
describeFilter(jwtAuthFactory, {
  options: jwtAuthOptions({
    key: { kind: 'jwks-url', url: 'https://issuer.example.com/keys' },
    algorithms: ['RS256'],
  }),
  heads,
});
describeFilter(headersFactory, {
  options: {
    request: { remove: ['cookie'], set: { 'x-a': '1' }, append: { 'x-a': '2' } },
    response: { remove: ['server'], set: {}, append: {} },
  },
  heads: [
    {},
    {
      fields: [
        ['cookie', 'a=b'],
        ['x-a', '0'],
      ],
    },
  ],
});
describeFilter(bodyLimitFactory, {
  options: { maxBytes: 10 },
  heads: [{}, { contentLength: 10 }, { contentLength: 11 }],
});
describeFilter(ipAllowFactory, {
  options: { allow: ['203.0.113.0/24'], deny: ['203.0.113.9'] },
  heads: [{}],
});
describeFilter(redirectFactory, {
  options: { status: 308, location: 'https://${host}${path}${query}' },
  heads: [{}, { host: '' }, { path: '*' }, { query: '?a=%0d%0a' }],
});
