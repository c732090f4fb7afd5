import { isChosen, TraceIds } from '../../../../src/observability/tracing/trace-ids.js';

describe('TraceIds', () => {
  it('makes ids of the right form, none of them twice, over many refills', () => {
    const ids = new TraceIds();
    const made = Array.from({ length: 2000 }, () => [ids.traceId(), ids.spanId()] as const);
    for (const [traceId, spanId] of made) {
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(spanId).toMatch(/^[0-9a-f]{16}$/);
    }
    expect(new Set(made.flat()).size).toBe(4000);
  });
});

describe('isChosen', () => {
  const ids = new TraceIds();
  const sample = Array.from({ length: 20_000 }, () => ids.traceId());

  it.each([0.001, 0.1, 0.5, 0.9])('chooses about a share of %d', (share) => {
    const chosen = sample.filter((id) => isChosen(id, share)).length;
    const deviation = Math.sqrt(sample.length * share * (1 - share));
    expect(Math.abs(chosen - sample.length * share)).toBeLessThan(6 * deviation);
  });

  it('chooses all at 1 and none at 0, whatever the id', () => {
    for (const id of ['f'.repeat(32), '0'.repeat(31) + '1']) {
      expect(isChosen(id, 1)).toBe(true);
      expect(isChosen(id, 0)).toBe(false);
    }
  });

  it('chooses what a smaller share chooses too', () => {
    for (const id of sample.slice(0, 2000)) if (isChosen(id, 0.1)) expect(isChosen(id, 0.4)).toBe(true);
  });

  it('looks at the random part only: at the last 56 bits', () => {
    const random = '8'.padEnd(14, '0');
    expect(isChosen(`${'f'.repeat(18)}${random}`, 0.5)).toBe(true);
    expect(isChosen(`${'0'.repeat(18)}${random}`, 0.5)).toBe(true);
    expect(isChosen(`${'f'.repeat(18)}7${'f'.repeat(13)}`, 0.5)).toBe(false);
  });
});
