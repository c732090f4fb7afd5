/** Owns what every filter promises, whatever its policy: one suite, run on each of them. */
import fc from 'fast-check';
import type { Filter, FilterFactory, FilterServices, FilterVerdict } from '../../src/contracts/filter.js';
import { CAUSES } from '../../src/errors/causes.js';
import { type FakeHead, fakeExchange, fakeResponse, upstreamCopy } from '../support/fake-exchange.js';

export interface FilterUnderTest<Options> {
  readonly options: Options;
  /** Heads that bring the filter to its different verdicts. */
  readonly heads: readonly FakeHead[];
  readonly services?: Partial<FilterServices>;
}

const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export function describeFilter<Options>(
  factory: FilterFactory<Options>,
  under: FilterUnderTest<Options>,
): void {
  const services: FilterServices = {
    now: () => 1_700_000_000_000,
    keySets: { current: () => undefined, refresh: () => Promise.resolve(undefined) },
    ...under.services,
  };
  const create = (): Filter & { dispose?(): void } => factory.create(under.options, services);

  describe(`${factory.name} keeps the contract of a filter`, () => {
    it('carries the name of its kind', () => {
      expect(create().name).toBe(factory.name);
    });

    it('lets the exchange go on or answers with a reply that can be sent', async () => {
      const filter = create();
      for (const head of under.heads) expectVerdict(await run(filter, head));
    });

    it('throws on no head, however hostile', async () => {
      const filter = create();
      await fc.assert(
        fc.asyncProperty(hostileHead, async (head) => expectVerdict(await run(filter, head))),
        { numRuns: 300 },
      );
    });

    it('leaves the fields of the request as they came', async () => {
      const filter = create();
      for (const head of under.heads) {
        const exchange = fakeExchange(head);
        const before = [...exchange.request.fields.entries()];
        await filter.onRequest?.(exchange, upstreamCopy(exchange));
        expect([...exchange.request.fields.entries()]).toEqual(before);
      }
    });

    it('judges an exchange the same whatever came before it', async () => {
      const used = create();
      for (const head of [...under.heads, ...under.heads]) await run(used, head);
      for (const head of under.heads)
        expect(await outcome(used, head)).toEqual(await outcome(create(), head));
    });

    it('edits any response, and ends, without throwing', () => {
      const filter = create();
      const exchange = fakeExchange();
      filter.onResponse?.(exchange, fakeResponse(200, [['server', 'x']]));
      filter.onComplete?.(exchange);
      filter.dispose?.();
    });
  });
}

const text = fc.oneof(
  fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    maxLength: 40,
  }),
  fc.string({
    unit: fc.integer({ min: 0xa0, max: 0xff }).map((code) => String.fromCharCode(code)),
    maxLength: 10,
  }),
  fc.constantFrom(
    'Bearer ',
    'Bearer a.b.c',
    'Bearer eyJhbGciOiJub25lIn0.e30.',
    'a=b; token=x; token',
    `Bearer ${'a'.repeat(20_000)}`,
  ),
);

/** Well formed, as the codec lets through, and nothing more. */
const hostileHead: fc.Arbitrary<FakeHead> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'OPTIONS', 'X'),
  host: fc.constantFrom('', 'a.example.com', '[::1]', 'x'.repeat(255)),
  path: fc.constantFrom('/', '*', '/a/%0D', `/${'a/'.repeat(2000)}`, '/\'"<>|'),
  query: fc.oneof(
    fc.constantFrom('', '?', '?token=%zz', '?token&token', '?&&='),
    text.map((value) => `?token=${value.replace(/[^!-~]/g, '')}`),
  ),
  contentLength: fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER),
  fields: fc.array(
    fc.tuple(
      fc.constantFrom('authorization', 'cookie', 'x-auth-subject', 'x_auth_subject', '__proto__', 'host'),
      text,
    ),
    { maxLength: 5 },
  ),
});

async function run(filter: Filter, head: FakeHead): Promise<FilterVerdict> {
  const exchange = fakeExchange(head);
  return filter.onRequest?.(exchange, upstreamCopy(exchange));
}

async function outcome(filter: Filter, head: FakeHead): Promise<unknown> {
  const exchange = fakeExchange(head);
  const upstreamFields = upstreamCopy(exchange);
  const verdict = await filter.onRequest?.(exchange, upstreamFields);
  return { verdict, fields: [...upstreamFields.entries()], identity: exchange.identity };
}

function expectVerdict(verdict: FilterVerdict): void {
  if (verdict === undefined) return;
  expect(verdict.status).toBeGreaterThanOrEqual(200);
  expect(verdict.status).toBeLessThan(600);
  expect(Object.keys(CAUSES)).toContain(verdict.cause);
  expect(verdict.cause).toMatch(/^(downstream|internal)\.filter\./);
  for (const [name, value] of verdict.fields ?? []) {
    expect(name).toMatch(/^[a-z0-9-]+$/);
    expect(value).toMatch(FIELD_VALUE);
  }
}
