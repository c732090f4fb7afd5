import { bodyLimitFactory } from '../../../../../src/proxy/filters/body-limit/index.js';
import { fakeExchange, FakeFields } from '../../../../support/fake-exchange.js';

const services = {
  now: () => 1,
  keySets: { current: () => undefined, refresh: () => Promise.resolve(undefined) },
};

describe('body-limit', () => {
  const filter = bodyLimitFactory.create({ maxBytes: 1000 }, services);

  it('answers 413 as soon as Content-Length says that the body is too long', () => {
    const exchange = fakeExchange({ method: 'POST', framing: 'length', contentLength: 1001 });
    expect(filter.onRequest?.(exchange, new FakeFields())).toMatchObject({
      status: 413,
      cause: 'downstream.filter.too-large',
    });
  });

  it('lets a body of exactly the limit, and one of unknown length, begin', () => {
    expect(
      filter.onRequest?.(fakeExchange({ framing: 'length', contentLength: 1000 }), new FakeFields()),
    ).toBeUndefined();
    expect(filter.onRequest?.(fakeExchange({ framing: 'chunked' }), new FakeFields())).toBeUndefined();
  });

  it('has streamed bodies counted, and buffers none', () => {
    expect(filter.maxRequestBytes).toBe(1000);
    expect(filter.requestBodyLimitBytes).toBeUndefined();
  });
});
