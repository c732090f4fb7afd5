import type { AffinityKeyConfig } from '../../../src/contracts/config.js';
import { affinityKeyFor } from '../../../src/http/affinity-key.js';
import { fakeExchange } from '../../support/fake-exchange.js';

const exchange = {
  ...fakeExchange({
    path: '/users/7',
    query: '?tenant=acme&tenant=other&none=',
    host: 'shop.example.com',
    fields: [
      ['x-user', 'ada'],
      ['cookie', 'uid=42; empty='],
      ['x-empty', ''],
    ],
  }),
  identity: { subject: 'bob', claims: {} },
};

describe('affinityKeyFor', () => {
  it.each([
    [{ kind: 'header', name: 'x-user' }, 'ada'],
    [{ kind: 'header', name: 'host' }, 'shop.example.com'],
    [{ kind: 'cookie', name: 'uid' }, '42'],
    [{ kind: 'query', name: 'tenant' }, 'acme'],
    [{ kind: 'client-address' }, '203.0.113.9'],
    [{ kind: 'path' }, '/users/7'],
    [{ kind: 'subject' }, 'bob'],
    [{ kind: 'header', name: 'x-empty' }, undefined],
    [{ kind: 'header', name: 'x-none' }, undefined],
    [{ kind: 'cookie', name: 'empty' }, undefined],
    [{ kind: 'query', name: 'none' }, undefined],
  ] as const satisfies readonly (readonly [AffinityKeyConfig, string | undefined])[])(
    'reads %j',
    (config, key) => {
      expect(affinityKeyFor(config)(exchange)).toBe(key);
    },
  );

  it('has no subject without a token', () => {
    expect(affinityKeyFor({ kind: 'subject' })(fakeExchange())).toBeUndefined();
  });
});
