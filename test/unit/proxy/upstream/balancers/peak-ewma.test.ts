import { PeakEwma } from '../../../../../src/proxy/upstream/balancers/peak-ewma.js';
import { fakeEndpoint, picksOf, seededRandom } from '../../../../support/fake-endpoint.js';

class Clock {
  ms = 1000;
  now(): number {
    return this.ms;
  }
}

const withClock = (seed = 1): { balancer: PeakEwma; clock: Clock } => {
  const clock = new Clock();
  const options = { decayMs: 10_000, failurePenaltyMs: 1000 };
  return { balancer: new PeakEwma(options, clock, seededRandom(seed)), clock };
};

describe('PeakEwma', () => {
  it('takes the quicker of two', () => {
    const { balancer } = withClock();
    const [quick, slow] = [fakeEndpoint('quick'), fakeEndpoint('slow')];
    balancer.reportResponse(quick, 200, 10);
    balancer.reportResponse(slow, 200, 50);
    expect(picksOf(balancer, [quick, slow], 100).get('quick')).toBe(100);
  });

  it('counts what runs: a quick endpoint with a queue is slower than a slow one without', () => {
    const { balancer } = withClock();
    const [quick, slow] = [fakeEndpoint('quick', 1, 5), fakeEndpoint('slow')];
    balancer.reportResponse(quick, 200, 10);
    balancer.reportResponse(slow, 200, 50);
    expect(picksOf(balancer, [quick, slow], 100).get('slow')).toBe(100);
    quick.active = 3;
    expect(picksOf(balancer, [quick, slow], 100).get('quick')).toBe(100);
  });

  it('gives more to more weight', () => {
    const { balancer } = withClock();
    const [heavy, light] = [fakeEndpoint('heavy', 10, 4), fakeEndpoint('light', 1)];
    balancer.reportResponse(heavy, 200, 10);
    balancer.reportResponse(light, 200, 10);
    expect(picksOf(balancer, [heavy, light], 100).get('heavy')).toBe(100);
  });

  it('believes a peak at once, and forgets it e-fold in the decay time', () => {
    const { balancer, clock } = withClock();
    const [spiky, steady] = [fakeEndpoint('spiky'), fakeEndpoint('steady')];
    balancer.reportResponse(spiky, 200, 10);
    balancer.reportResponse(spiky, 200, 200);
    balancer.reportResponse(steady, 200, 100);
    expect(picksOf(balancer, [spiky, steady], 50).get('spiky')).toBe(0);
    // 200 e^-0.6 = 110, 200 e^-0.8 = 90.
    clock.ms += 6000;
    balancer.reportResponse(steady, 200, 100);
    expect(picksOf(balancer, [spiky, steady], 50).get('spiky')).toBe(0);
    clock.ms += 2000;
    balancer.reportResponse(steady, 200, 100);
    expect(picksOf(balancer, [spiky, steady], 50).get('spiky')).toBe(50);
  });

  it('comes down only with time, however many quick answers come at once', () => {
    const { balancer } = withClock();
    const [spiky, steady] = [fakeEndpoint('spiky'), fakeEndpoint('steady')];
    balancer.reportResponse(spiky, 200, 200);
    balancer.reportResponse(steady, 200, 100);
    for (let index = 0; index < 100; index += 1) balancer.reportResponse(spiky, 200, 1);
    expect(picksOf(balancer, [spiky, steady], 50).get('steady')).toBe(50);
  });

  it('tries an endpoint it does not know with one request at a time', () => {
    const { balancer } = withClock();
    const [known, fresh] = [fakeEndpoint('known', 1, 20), fakeEndpoint('fresh')];
    balancer.reportResponse(known, 200, 100);
    expect(balancer.pick([known, fresh])).toBe(fresh);
    fresh.active = 1;
    expect(picksOf(balancer, [known, fresh], 50).get('fresh')).toBe(0);
    fresh.active = 0;
    balancer.reportResponse(fresh, 200, 100);
    expect(picksOf(balancer, [known, fresh], 50).get('fresh')).toBe(50);
  });

  it('tries an endpoint it has not heard of for three times the decay like a new one, instead of flooding it', () => {
    const { balancer, clock } = withClock();
    const [known, silent] = [fakeEndpoint('known', 1, 3), fakeEndpoint('silent')];
    balancer.reportResponse(silent, 200, 5000);
    clock.ms += 30_001;
    balancer.reportResponse(known, 200, 100);
    expect(balancer.pick([known, silent])).toBe(silent);
    silent.active = 1;
    expect(picksOf(balancer, [known, silent], 50).get('silent')).toBe(0);
  });

  it.each([
    [
      'a failed attempt',
      (balancer: PeakEwma, at: ReturnType<typeof fakeEndpoint>) => balancer.reportFailure(at),
    ],
    [
      'a 503',
      (balancer: PeakEwma, at: ReturnType<typeof fakeEndpoint>) => balancer.reportResponse(at, 503, 1),
    ],
  ])('does not take %s for a quick answer', (_what, fail) => {
    const { balancer } = withClock();
    const [broken, slow] = [fakeEndpoint('broken'), fakeEndpoint('slow')];
    balancer.reportResponse(slow, 200, 300);
    fail(balancer, broken);
    expect(picksOf(balancer, [broken, slow], 50).get('slow')).toBe(50);
  });

  it('keeps a client error for what it is: an answer', () => {
    const { balancer } = withClock();
    const [strict, slow] = [fakeEndpoint('strict'), fakeEndpoint('slow')];
    balancer.reportResponse(slow, 200, 300);
    balancer.reportResponse(strict, 404, 1);
    expect(picksOf(balancer, [strict, slow], 50).get('strict')).toBe(50);
  });

  it('finds the quick ones in a simulation: requests run for as long as their endpoint takes', () => {
    const { balancer, clock } = withClock(7);
    const endpoints = [fakeEndpoint('a'), fakeEndpoint('b'), fakeEndpoint('c'), fakeEndpoint('slow')];
    const running: { at: (typeof endpoints)[number]; endsMs: number; tookMs: number }[] = [];
    let slowPicks = 0;
    for (let index = 0; index < 5000; index += 1) {
      clock.ms += 1;
      for (const one of running.filter(({ endsMs }) => endsMs <= clock.ms)) {
        running.splice(running.indexOf(one), 1);
        one.at.active -= 1;
        balancer.reportResponse(one.at, 200, one.tookMs);
      }
      const at = balancer.pick(endpoints)!;
      const tookMs = at.label === 'slow' ? 100 : 5;
      at.active += 1;
      running.push({ at, endsMs: clock.ms + tookMs, tookMs });
      if (at.label === 'slow') slowPicks += 1;
    }
    // A quarter would be 1250.
    expect(slowPicks).toBeGreaterThan(0);
    expect(slowPicks).toBeLessThan(250);
  });
});
