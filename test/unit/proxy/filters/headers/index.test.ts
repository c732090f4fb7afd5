import { headersFactory } from '../../../../../src/proxy/filters/headers/index.js';
import { fakeExchange, fakeResponse, upstreamCopy } from '../../../../support/fake-exchange.js';

const services = {
  now: () => 1,
  keySets: { current: () => undefined, refresh: () => Promise.resolve(undefined) },
};
const none = { remove: [], set: {}, append: {} };

describe('headers', () => {
  it('removes, then sets, then appends, on the way up', () => {
    const filter = headersFactory.create(
      {
        request: { remove: ['x-a', 'x-b'], set: { 'x-b': '1' }, append: { 'x-b': '2', 'x-c': '3' } },
        response: none,
      },
      services,
    );
    const exchange = fakeExchange({
      fields: [
        ['x-a', '0'],
        ['x-b', '0'],
        ['x-c', '0'],
      ],
    });
    const upstreamFields = upstreamCopy(exchange);
    expect(filter.onRequest?.(exchange, upstreamFields)).toBeUndefined();
    expect([...upstreamFields.entries()]).toEqual([
      ['x-c', '0'],
      ['x-b', '1'],
      ['x-b', '2'],
      ['x-c', '3'],
    ]);
  });

  it('edits the response on the way down', () => {
    const filter = headersFactory.create(
      { request: none, response: { remove: ['server'], set: { 'x-frame-options': 'DENY' }, append: {} } },
      services,
    );
    const response = fakeResponse(200, [
      ['server', 'x'],
      ['x-frame-options', 'ALLOWALL'],
    ]);
    filter.onResponse?.(fakeExchange(), response);
    expect([...response.fields.entries()]).toEqual([['x-frame-options', 'DENY']]);
  });

  it('has no phase for what it does not edit', () => {
    const idle = headersFactory.create({ request: none, response: none }, services);
    expect('onRequest' in idle || 'onResponse' in idle).toBe(false);
  });

  it.each(['content-length', 'transfer-encoding', 'connection', 'host', 'upgrade', 'X-Upper', 'a b', ''])(
    'refuses to edit %p',
    (name) => {
      expect(() =>
        headersFactory.create({ request: { ...none, remove: [name] }, response: none }, services),
      ).toThrow(RangeError);
      expect(() =>
        headersFactory.create({ request: none, response: { ...none, set: { [name]: '1' } } }, services),
      ).toThrow(RangeError);
    },
  );

  it.each(['a\r\nx-b: 1', 'a\n', 'a\0', '\u4e00'])('refuses the value %p', (value) => {
    expect(() =>
      headersFactory.create({ request: { ...none, append: { 'x-a': value } }, response: none }, services),
    ).toThrow(RangeError);
  });
});
