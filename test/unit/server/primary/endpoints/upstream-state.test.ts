import { pino } from 'pino';
import type { EndpointConfig, UpstreamConfig } from '../../../../../src/contracts/upstream-config.js';
import { EndpointCounts } from '../../../../../src/server/primary/endpoints/endpoint-counts.js';
import { EndpointDirectory } from '../../../../../src/server/primary/endpoints/endpoint-directory.js';
import { endpointKey } from '../../../../../src/http/endpoint-address.js';
import type { CheckResult, ProbeTarget } from '../../../../../src/server/primary/endpoints/probes/probe.js';
import type { EndpointSource } from '../../../../../src/server/primary/endpoints/sources/source.js';
import { staticSource } from '../../../../../src/server/primary/endpoints/sources/source.js';
import { Turns } from '../../../../../src/server/primary/endpoints/turns.js';
import type { EndpointDirectoryState } from '../../../../../src/server/ipc/messages.js';
import { FakeScheduler } from './fake-scheduler.js';

const endpoint = (host: string, weight = 1): EndpointConfig => ({ scheme: 'http', host, port: 80, weight });
const HEALTH = {
  probe: { kind: 'tcp' },
  intervalMs: 1000,
  timeoutMs: 100,
  jitter: 0,
  healthyThreshold: 2,
  unhealthyThreshold: 3,
  port: undefined,
} as const;
const EJECTION = { consecutive5xx: 5, baseMs: 30_000, maxMs: 70_000, maxEjected: 0.1 };

const upstream = (hosts: readonly string[], extra: Partial<UpstreamConfig> = {}): UpstreamConfig =>
  ({
    name: 'main',
    endpoints: hosts.map((host) => endpoint(host)),
    discovery: undefined,
    healthCheck: undefined,
    outlierEjection: EJECTION,
    panicThreshold: 0.5,
    tls: { verify: true, caPem: undefined, serverName: undefined },
    ...extra,
  }) as UpstreamConfig;

const arrange = async (config: UpstreamConfig, source?: EndpointSource) => {
  const scheduler = new FakeScheduler();
  const health = new Map<string, CheckResult>();
  const probed: ProbeTarget[] = [];
  const told: EndpointDirectoryState[] = [];
  const counts = new EndpointCounts();
  let held = Promise.resolve();
  const hold = (): (() => void) => {
    let release: () => void = () => undefined;
    held = new Promise((resolve) => (release = resolve));
    return () => release();
  };
  const directory = new EndpointDirectory({
    snapshot: { version: 1, upstreams: [config] },
    services: {
      scheduler,
      counts,
      log: pino({ level: 'silent' }),
      turns: new Turns(64),
      random: () => 0.5,
      probe: (target) => {
        probed.push(target);
        const result = health.get(target.endpoint.host) ?? { passed: true, detail: 'up' };
        return { result: held.then(() => result), cancel: () => undefined };
      },
    },
    makeSource: (made) => source ?? staticSource(made.endpoints),
    onChange: (state) => told.push(state),
  });
  const starting = directory.start();
  await scheduler.pass(0);
  await starting;
  await scheduler.pass(20);
  const state = () => directory.upstreams[0]!;
  return {
    ...{ hold, scheduler, health, probed, told, counts, directory, state },
    states: () =>
      Object.fromEntries(
        state()
          .entries()
          .map(([record]) => [record.config.host, record.state]),
      ),
    note: (host: string) =>
      state()
        .entries()
        .find(([record]) => record.config.host === host)![1],
    view: () => state().view(),
    pickable: () =>
      state()
        .view()
        .endpoints.filter(({ available }) => available || state().isPanicking)
        .map(({ config: { host } }) => host),
    fails: (host: string, failures: number, served = false, version = 1) =>
      directory.receive(version, {
        upstream: 'main',
        endpoint: endpointKey(endpoint(host)),
        served,
        failures,
        reason: '500',
      }),
    down: (host: string) => void health.set(host, { passed: false, detail: 'ECONNREFUSED' }),
    up: (host: string) => void health.delete(host),
  };
};

describe('checks', () => {
  it('let the first verdict count alone, and later ones only when they repeat themselves', async () => {
    const { states, scheduler, down, up } = await arrange(upstream(['a', 'b'], { healthCheck: HEALTH }));
    expect(states()).toEqual({ a: 'healthy', b: 'healthy' });
    // One more that passes says nothing new.
    await scheduler.pass(1000);
    down('a');
    await scheduler.pass(2000);
    expect(states()['a']).toBe('healthy');
    await scheduler.pass(1000);
    expect(states()['a']).toBe('unhealthy');
    up('a');
    await scheduler.pass(1000);
    expect(states()['a']).toBe('unhealthy');
    await scheduler.pass(1000);
    expect(states()['a']).toBe('healthy');
  });

  it('count failures anew after one that passed', async () => {
    const { states, scheduler, down, up } = await arrange(upstream(['a', 'b'], { healthCheck: HEALTH }));
    for (let round = 0; round < 3; round += 1) {
      down('a');
      await scheduler.pass(2000);
      up('a');
      await scheduler.pass(1000);
    }
    expect(states()['a']).toBe('healthy');
  });

  it('go to the configured port, and stop for endpoints that are gone', async () => {
    let list = [endpoint('a'), endpoint('b')];
    const source: EndpointSource = { ...staticSource([]), current: () => list };
    const { probed, scheduler, states } = await arrange(
      upstream([], { healthCheck: { ...HEALTH, port: 9 } }),
      source,
    );
    expect(probed.map(({ port }) => port)).toEqual([9, 9]);
    list = [endpoint('b')];
    source.onChange();
    probed.length = 0;
    await scheduler.pass(3000);
    expect(new Set(probed.map((target) => target.endpoint.host))).toEqual(new Set(['b']));
    expect(states()).toEqual({ b: 'healthy' });
  });

  it('that end after their endpoint is gone count for nothing', async () => {
    let list = [endpoint('a')];
    const source: EndpointSource = { ...staticSource([]), current: () => list };
    const { hold, scheduler, counts } = await arrange(upstream([], { healthCheck: HEALTH }), source);
    const before = counts.samples()['torus_health_checks_total'];
    const release = hold();
    await scheduler.pass(1000);
    list = [];
    source.onChange();
    release();
    await scheduler.pass(60_000);
    expect(counts.samples()['torus_health_checks_total']).toEqual(before);
  });

  it('stop with the directory', async () => {
    const { directory, probed, scheduler, fails } = await arrange(
      upstream(['a', 'b'], { healthCheck: HEALTH }),
    );
    directory.stop();
    probed.length = 0;
    // Workers that drain may still tell of failures.
    fails('a', 10);
    await scheduler.pass(60_000);
    expect(probed).toEqual([]);
    expect(scheduler.waiting).toBe(0);
  });
});

describe('ejection', () => {
  it('comes with failures in a row, whichever worker saw them, and lasts n times the base', async () => {
    const { states, scheduler, fails } = await arrange(upstream(['a', 'b']));
    fails('a', 3);
    expect(states()['a']).toBe('healthy');
    fails('a', 2);
    expect(states()['a']).toBe('ejected');
    await scheduler.pass(29_999);
    expect(states()['a']).toBe('ejected');
    await scheduler.pass(1);
    expect(states()['a']).toBe('healthy');
    fails('a', 5);
    await scheduler.pass(59_999);
    expect(states()['a']).toBe('ejected');
    await scheduler.pass(1);
    expect(states()['a']).toBe('healthy');
    fails('a', 5);
    // Three times the base is more than the longest.
    await scheduler.pass(70_000);
    expect(states()['a']).toBe('healthy');
  });

  it('forgets one ejection for each base time without another', async () => {
    const { states, scheduler, fails } = await arrange(upstream(['a', 'b']));
    fails('a', 5);
    await scheduler.pass(30_000);
    await scheduler.pass(30_000);
    fails('a', 5);
    await scheduler.pass(30_000);
    expect(states()['a']).toBe('healthy');
  });

  it('begins to count anew when anything was served in between', async () => {
    const { states, fails } = await arrange(upstream(['a', 'b']));
    fails('a', 4);
    fails('a', 0, true);
    fails('a', 4);
    expect(states()['a']).toBe('healthy');
    fails('a', 4, true);
    expect(states()['a']).toBe('healthy');
    fails('a', 1);
    expect(states()['a']).toBe('ejected');
  });

  it('makes an endpoint suspect for a while: workers tell of what it serves', async () => {
    const { view, told, scheduler, fails } = await arrange(upstream(['a', 'b']));
    fails('a', 1);
    await scheduler.pass(20);
    expect(told.at(-1)?.upstreams[0]?.endpoints[0]).toMatchObject({ suspect: true, available: true });
    await scheduler.pass(10_000);
    fails('a', 0, true);
    expect(view().endpoints[0]?.suspect).toBe(false);
  });

  it('never takes the last available endpoint, nor more than its share', async () => {
    const alone = await arrange(upstream(['a']));
    alone.fails('a', 4);
    expect(alone.states()).toEqual({ a: 'healthy' });
    alone.fails('a', 1);
    expect(alone.states()).toEqual({ a: 'failing' });
    expect(alone.note('a')).toMatchObject({
      why: '5 failures in a row, the last: 500; not ejected: no other is available',
    });
    expect(alone.view().endpoints).toMatchObject([{ available: true }]);
    alone.fails('a', 0, true);
    expect(alone.note('a')).toMatchObject({ state: 'healthy', why: 'it answers again' });
    const hosts = Array.from({ length: 20 }, (_, index) => String(index));
    const many = await arrange(upstream(hosts));
    for (const host of hosts) many.fails(host, 5);
    expect(Object.values(many.states()).filter((state) => state === 'ejected')).toHaveLength(2);
    expect(Object.values(many.states()).filter((state) => state === 'failing')).toHaveLength(18);
    expect(many.counts.samples()['torus_outlier_ejections_spared_total']).toEqual([
      [['main', 'max-ejected'], 18],
    ]);
  });

  it('counts the unhealthy as gone when it asks who is the last', async () => {
    const { states, scheduler, fails, down } = await arrange(upstream(['a', 'b'], { healthCheck: HEALTH }));
    down('b');
    await scheduler.pass(3000);
    fails('a', 10);
    expect(states()).toEqual({ a: 'failing', b: 'unhealthy' });
  });

  it('is told although ejection is off', async () => {
    const { states, note, fails } = await arrange(upstream(['a', 'b'], { outlierEjection: undefined }));
    fails('a', 5);
    expect(states()).toEqual({ a: 'failing', b: 'healthy' });
    expect(note('a').why).toBe('5 failures in a row, the last: 500; ejection is off');
    fails('a', 0, true);
    expect(states()).toEqual({ a: 'healthy', b: 'healthy' });
  });

  it('hears nothing of another snapshot, an unknown endpoint, or one that is out already', async () => {
    const { states, scheduler, fails } = await arrange(upstream(['a', 'b']));
    fails('a', 5, false, 7);
    fails('x', 5);
    expect(states()).toEqual({ a: 'healthy', b: 'healthy' });
    fails('a', 5);
    fails('a', 4);
    await scheduler.pass(30_000);
    fails('a', 1);
    expect(states()['a']).toBe('healthy');
  });
});

describe('panic', () => {
  it('begins below the threshold, not at it, and uses all', async () => {
    const { state, pickable, scheduler, down, up } = await arrange(
      upstream(['a', 'b', 'c', 'd'], { healthCheck: HEALTH }),
    );
    down('a');
    down('b');
    await scheduler.pass(3000);
    expect(state().isPanicking).toBe(false);
    expect(pickable()).toEqual(['c', 'd']);
    down('c');
    await scheduler.pass(3000);
    expect(state().isPanicking).toBe(true);
    expect(pickable()).toEqual(['a', 'b', 'c', 'd']);
    up('c');
    await scheduler.pass(2000);
    expect(pickable()).toEqual(['c', 'd']);
  });

  it('never begins when it is turned off', async () => {
    const { pickable, scheduler, down } = await arrange(
      upstream(['a'], { healthCheck: HEALTH, panicThreshold: 0 }),
    );
    down('a');
    await scheduler.pass(3000);
    expect(pickable()).toEqual([]);
  });
});

describe('the workers', () => {
  it('are told of many changes at once, and of nothing that does not concern them', async () => {
    const hosts = Array.from({ length: 500 }, (_, index) => String(index));
    const { told, scheduler, down } = await arrange(upstream(hosts, { healthCheck: HEALTH }));
    const before = told.length;
    await scheduler.pass(5000);
    expect(told).toHaveLength(before);
    for (const host of hosts) down(host);
    await scheduler.pass(5000);
    expect(told.length - before).toBeLessThan(5);
    expect(told.at(-1)?.upstreams[0]?.panic).toBe(true);
  });

  it('hear how long an endpoint has been available only when it was not always', async () => {
    let list = [endpoint('a')];
    const source: EndpointSource = { ...staticSource([]), current: () => list };
    const { view, scheduler, fails } = await arrange(upstream([]), source);
    expect(view().endpoints[0]?.availableForMs).toBeUndefined();
    list = [endpoint('a'), endpoint('b')];
    source.onChange();
    await scheduler.pass(500);
    expect(view().endpoints.map(({ availableForMs }) => availableForMs)).toEqual([undefined, 500]);
    fails('a', 5);
    await scheduler.pass(30_100);
    expect(view().endpoints[0]?.availableForMs).toBe(100);
  });
});

describe('a reload', () => {
  const reload = async (
    { directory, scheduler }: Awaited<ReturnType<typeof arrange>>,
    upstreams: readonly UpstreamConfig[],
    version = 2,
  ) => {
    const prepared = await directory.prepare({ version, upstreams });
    const before = directory.current();
    directory.commit();
    await scheduler.pass(0);
    return { prepared, before };
  };

  it('keeps the states of endpoints that stay, and forgets those that go', async () => {
    const arranged = await arrange(upstream(['a', 'b', 'c'], { healthCheck: HEALTH }));
    const { states, scheduler, fails, down, directory } = arranged;
    fails('a', 5);
    down('b');
    await scheduler.pass(3000);
    const { prepared, before } = await reload(arranged, [upstream(['a', 'b', 'd'], { healthCheck: HEALTH })]);
    expect(before.version).toBe(1);
    expect(prepared.version).toBe(2);
    expect(prepared.upstreams[0]?.endpoints.map(({ available }) => available)).toEqual([false, false, true]);
    expect(states()).toEqual({ a: 'ejected', b: 'unhealthy', d: 'healthy' });
    expect(directory.current().version).toBe(2);
    await scheduler.pass(27_000);
    expect(states()['a']).toBe('healthy');
  });

  it('takes effect when it turns checks or ejection off', async () => {
    const arranged = await arrange(upstream(['a', 'b', 'c'], { healthCheck: HEALTH }));
    arranged.fails('a', 5);
    arranged.down('b');
    await arranged.scheduler.pass(3000);
    await reload(arranged, [upstream(['a', 'b', 'c'], { outlierEjection: undefined })]);
    expect(arranged.states()).toEqual({ a: 'healthy', b: 'healthy', c: 'healthy' });
    arranged.probed.length = 0;
    await arranged.scheduler.pass(5000);
    expect(arranged.probed).toEqual([]);
  });

  it('that comes to nothing changes nothing', async () => {
    const { directory, states, scheduler, fails } = await arrange(upstream(['a', 'b']));
    fails('a', 5);
    await directory.prepare({ version: 2, upstreams: [upstream(['x'])] });
    directory.discard();
    directory.commit();
    await scheduler.pass(100);
    expect(states()).toEqual({ a: 'ejected', b: 'healthy' });
    expect(directory.current().version).toBe(1);
  });

  it('stops the sources of upstreams that are gone', async () => {
    let stopped = 0;
    const source: EndpointSource = { ...staticSource([endpoint('a')]), stop: () => void (stopped += 1) };
    const arranged = await arrange(upstream([]), source);
    await reload(arranged, []);
    expect(stopped).toBe(1);
    expect(arranged.directory.upstreams).toEqual([]);
  });
});

describe('a start', () => {
  it('waits two seconds for sources, not longer', async () => {
    const scheduler = new FakeScheduler();
    const source: EndpointSource = { ...staticSource([]), start: () => new Promise(() => undefined) };
    const directory = new EndpointDirectory({
      snapshot: { version: 1, upstreams: [upstream([])] },
      services: {
        ...{ scheduler, counts: new EndpointCounts(), log: pino({ level: 'silent' }), turns: new Turns(1) },
        random: () => 0,
        probe: () => ({ result: new Promise(() => undefined), cancel: () => undefined }),
      },
      makeSource: () => source,
      onChange: () => undefined,
    });
    let isStarted = false;
    const starting = directory.start().then(() => (isStarted = true));
    await scheduler.pass(1999);
    expect(isStarted).toBe(false);
    await scheduler.pass(1);
    await starting;
    expect(isStarted).toBe(true);
  });
});
