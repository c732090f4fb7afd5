/** Balancers that choose by chance and by latency, seen from outside. */
import { setTimeout as delay } from 'node:timers/promises';
import { startTorus, type RunningTorus } from '../../support/index.js';
import {
  ADMIN,
  ask,
  askMany,
  countOf,
  fiveSigma,
  LISTENER,
  startNamed,
  type NamedUpstream,
} from './balancing-fixture.js';

let servers: NamedUpstream[];
let torus: RunningTorus;

beforeAll(async () => {
  const slow = startNamed('slow', async (_request, response) => {
    await delay(1_500);
    response.end('slow');
  });
  const broken = startNamed('broken', (_request, response) => {
    response.writeHead(500).end('broken');
  });
  const steady = startNamed('steady', async (_request, response) => {
    await delay(20);
    response.end('steady');
  });
  servers = await Promise.all([startNamed('a'), startNamed('b'), slow, broken, steady]);
  const [a, b, late, failing, even] = servers.map(({ url }) => url);
  const weighted = [
    { url: a, weight: 3 },
    { url: b, weight: 1 },
  ];
  torus = await startTorus({
    config: {
      ...LISTENER,
      ...ADMIN,
      workers: 1,
      upstreams: {
        random: { endpoints: weighted, balancer: 'random' },
        least: { endpoints: weighted },
        ewma: { endpoints: [a, late, b], balancer: 'peak-ewma' },
        failing: { endpoints: [failing, even], balancer: { 'peak-ewma': { decay: '1m' } } },
      },
      routes: ['random', 'least', 'ewma', 'failing'].map((name) => ({
        name,
        match: { path: `/${name}` },
        upstream: name,
      })),
    },
  });
});

afterAll(async () => {
  await torus.stop();
  await Promise.all(servers.map((server) => server.close()));
});

describe('balancers', () => {
  it('random: gives each endpoint its share of the weight', async () => {
    const bodies = await askMany(torus, '/random', 1000);
    expect(countOf(bodies, 'a') + countOf(bodies, 'b')).toBe(1000);
    expect(Math.abs(countOf(bodies, 'a') - 750)).toBeLessThan(fiveSigma(1000, 0.75));
  });

  it('least-request: gives each endpoint its share of the weight while requests come one by one', async () => {
    const bodies: string[] = [];
    for (let asked = 0; asked < 200; asked += 1) bodies.push((await ask(torus, '/least')).body);
    expect(Math.abs(countOf(bodies, 'a') - 150)).toBeLessThan(fiveSigma(200, 0.75));
  });

  it('peak-ewma: leaves a slow endpoint alone once it is known to be slow', async () => {
    await askMany(torus, '/ewma', 60);
    const bodies = await askMany(torus, '/ewma', 300);
    expect(countOf(bodies, 'slow')).toBeLessThan(30);
    expect(countOf(bodies, 'a')).toBeGreaterThan(75);
    expect(countOf(bodies, 'b')).toBeGreaterThan(75);
  });

  it('peak-ewma: does not take an endpoint that fails at once for a quick one', async () => {
    await askMany(torus, '/failing', 40);
    const bodies = await askMany(torus, '/failing', 200);
    expect(countOf(bodies, 'broken')).toBeLessThan(60);
  });
});
