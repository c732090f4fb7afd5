import type { RedirectOptions } from '../../../../../src/contracts/config.js';
import { redirectFactory } from '../../../../../src/proxy/filters/redirect/index.js';
import { type FakeHead, fakeExchange, FakeFields } from '../../../../support/fake-exchange.js';

const services = {
  now: () => 1,
  keySets: { current: () => undefined, refresh: () => Promise.resolve(undefined) },
};
const ask = async (location: string, head: FakeHead = {}, status: RedirectOptions['status'] = 308) =>
  redirectFactory.create({ status, location }, services).onRequest?.(fakeExchange(head), new FakeFields());
const locationFor = async (location: string, head: FakeHead = {}) =>
  new Map((await ask(location, head))?.fields ?? []).get('location');

describe('redirect', () => {
  it('answers with the status and the location asked for', async () => {
    expect(await ask('https://example.com/', {}, 301)).toEqual({
      status: 301,
      cause: 'downstream.filter.redirected',
      fields: [['location', 'https://example.com/']],
    });
  });

  it('fills in the parts of the request', async () => {
    const head: FakeHead = {
      scheme: 'http',
      host: 'a.example.com',
      authority: 'a.example.com:8080',
      path: '/x%20y/',
      query: '?a=1&b',
    };
    expect(await locationFor('https://${host}${path}${query}', head)).toBe(
      'https://a.example.com/x%20y/?a=1&b',
    );
    expect(await locationFor('${scheme}://www.example.com/old${path}', head)).toBe(
      'http://www.example.com/old/x%20y/',
    );
  });

  it('takes what looks like a placeholder in the request for text', async () => {
    expect(await locationFor('/x${query}', { query: '?a=${host}' })).toBe('/x?a=$%7Bhost%7D');
  });

  it('lets nothing out of the field or out of the grammar of URIs', async () => {
    expect(await locationFor('/x${query}', { query: '?"<>\\^`{|}' })).toBe('/x?%22%3C%3E%5C%5E%60%7B%7C%7D');
    expect(await locationFor('/x${query}', { query: '?\r\nset-cookie: a=b\u00e9' })).toBe(
      '/x?%0D%0Aset-cookie:%20a=b%C3%A9',
    );
  });

  it('redirects OPTIONS * to the root', async () => {
    expect(await locationFor('https://${host}${path}', { path: '*', host: 'a.example.com' })).toBe(
      'https://a.example.com/',
    );
  });

  it('answers 400 when the location needs a host and the request has none', async () => {
    expect(await ask('https://${host}/', { host: '' })).toMatchObject({
      status: 400,
      cause: 'downstream.filter.answered',
    });
    expect(await locationFor('https://example.com${path}', { host: '' })).toBe('https://example.com/');
  });

  it.each(['https://${hots}/', '${constructor}', 'https://a b/', '/a\r\nx: y', ''])(
    'refuses the template %p',
    (location) => {
      expect(() => redirectFactory.create({ status: 308, location }, services)).toThrow(RangeError);
    },
  );
});
