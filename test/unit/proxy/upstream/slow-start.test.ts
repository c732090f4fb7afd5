import fc from 'fast-check';
import { slowStartWeight } from '../../../../src/proxy/upstream/slow-start.js';
import { UpstreamEndpoint } from '../../../../src/proxy/upstream/upstream-endpoint.js';

const LINEAR = { windowMs: 30_000, aggression: 1, minWeight: 0.1 };

describe('slowStartWeight', () => {
  it('grows in a straight line from the least weight to the full one', () => {
    const at = (ageMs: number): number => slowStartWeight(LINEAR, 100, ageMs);
    expect([0, 3000, 6000, 15_000, 29_999].map(at).map(Math.round)).toEqual([10, 10, 20, 50, 100]);
    expect(at(30_000)).toBe(100);
    expect(at(1e9)).toBe(100);
  });

  it('grows fast at first with much aggression, slowly with little', () => {
    const at = (aggression: number): number => slowStartWeight({ ...LINEAR, aggression }, 100, 7500);
    expect(at(2)).toBeCloseTo(50);
    expect(at(1)).toBeCloseTo(25);
    expect(at(0.5)).toBeCloseTo(10);
  });

  it('is never 0 and never more than the full weight, and never shrinks with time', () => {
    const config = fc.record({
      windowMs: fc.integer({ min: 1, max: 1e7 }),
      aggression: fc.double({ min: 0.1, max: 10, noNaN: true }),
      minWeight: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const weight = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(config, weight, fc.nat(1e7), fc.nat(1e7), (slowStart, full, ageMs, laterMs) => {
        const now = slowStartWeight(slowStart, full, ageMs);
        const later = slowStartWeight(slowStart, full, ageMs + laterMs);
        return now > 0 && now <= later && later <= full;
      }),
    );
  });
});

describe('UpstreamEndpoint', () => {
  it('has its full weight from the start, and grows into it once it became available later', () => {
    let nowMs = 100_000;
    const timers = {
      now: () => nowMs,
      coarseNow: () => nowMs,
      create: () => ({ arm: () => 0, disarm: () => 0 }),
    };
    const endpoint = endpointWith(timers);
    expect(endpoint.weight).toBe(20);
    endpoint.availableSinceMs = nowMs;
    expect(endpoint.weight).toBe(2);
    nowMs += 15_000;
    expect(endpoint.weight).toBeCloseTo(10);
    nowMs += 15_000;
    expect(endpoint.weight).toBe(20);
    endpoint.dispose();
  });
});

const endpointWith = (timers: object): UpstreamEndpoint => {
  const config = { scheme: 'http', host: '127.0.0.1', port: 9, weight: 20 } as const;
  const upstream = {
    name: 'u',
    endpoints: [config],
    slowStart: LINEAR,
    tls: { verify: true, caPem: undefined, serverName: undefined },
    pool: { maxConnections: 1, maxIdle: 1, idleTimeoutMs: 1, maxPending: 1 },
    connectTimeoutMs: 1,
  };
  const services = { timers, telemetry: {} };
  return new UpstreamEndpoint({ key: 'k', config }, upstream as never, services as never);
};
