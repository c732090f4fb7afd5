import { errorsOf, snapshotOf, withRoute, withRoutes, Workspace } from '../configuration-fixture.js';

const STEPS = { shortenIdle: 0.85, noKeepAlive: 0.92, shed: 0.95 };

describe('overload', () => {
  const workspace = new Workspace();
  afterAll(() => workspace.dispose());

  const load = async (overload: string) =>
    snapshotOf(await workspace.yaml(`${withRoute()}\noverload: ${overload}\n`)).overload;
  const errors = async (overload: string): Promise<string[]> =>
    errorsOf(await workspace.yaml(`${withRoute()}\noverload: ${overload}\n`));

  const defaults = {
    intervalMs: 250,
    holdMs: 1000,
    hysteresis: 0.05,
    idleTimeoutMs: 2000,
    retryAfterSeconds: 1,
    fds: STEPS,
    memory: { ...STEPS, limitBytes: undefined },
    loopDelay: { ...STEPS, limitMs: 500, windowMs: 5000 },
  };

  it('is the ladder of the edge profile unless something else is said', async () => {
    expect(snapshotOf(await workspace.yaml(withRoute())).overload).toEqual(defaults);
    for (const same of ['true', '{}', '{ fds: true, memory: {} }'])
      expect(await load(same)).toEqual(defaults);
  });

  it('can be turned off as a whole, for a resource, and for a step', async () => {
    expect(await load('false')).toMatchObject({ fds: undefined, memory: undefined, loopDelay: undefined });
    expect(await load('{ memory: false }')).toEqual({ ...defaults, memory: undefined });
    expect(await load('{ fds: { noKeepAlive: false } }')).toEqual({
      ...defaults,
      fds: { ...STEPS, noKeepAlive: undefined },
    });
  });

  it('moves the milder steps along when a harder one is moved down, unless they are written', async () => {
    expect((await load('{ fds: { shed: 50% } }')).fds).toEqual({
      shortenIdle: 0.5,
      noKeepAlive: 0.5,
      shed: 0.5,
    });
    expect((await load('{ fds: { noKeepAlive: 60% } }')).fds).toEqual({
      ...STEPS,
      shortenIdle: 0.6,
      noKeepAlive: 0.6,
    });
    expect(await errors('{ fds: { shed: 50%, shortenIdle: 60% } }')).not.toEqual([]);
  });

  it('takes percentages and fractions, sizes and durations, and rounds Retry-After up', async () => {
    const written =
      '{ retryAfter: 1500ms, fds: { shed: 0.97 }, memory: { shed: 99%, limit: 1GiB }, loopDelay: { limit: 1s, window: 10s } }';
    expect(await load(written)).toEqual({
      ...defaults,
      retryAfterSeconds: 2,
      fds: { ...STEPS, shed: 0.97 },
      memory: { ...STEPS, shed: 0.99, limitBytes: 2 ** 30 },
      loopDelay: { ...STEPS, limitMs: 1000, windowMs: 10_000 },
    });
  });

  it.each([
    ['{ fds: { shed: 90%, noKeepAlive: 92% } }', 'overload.fds.shed: must not be less than noKeepAlive'],
    [
      '{ fds: { noKeepAlive: 80%, shortenIdle: 85% } }',
      'overload.fds.noKeepAlive: must not be less than shortenIdle',
    ],
    [
      '{ memory: { noKeepAlive: false, shed: 50% } }',
      'overload.memory.shed: must not be less than shortenIdle',
    ],
    ['{ loopDelay: { shortenIdle: 0% } }', 'overload.loopDelay.shortenIdle: must be more than 0%'],
    ['{ interval: 1ms }', 'overload.interval: must be a duration from 10ms to 10s'],
    ['{ hysteresis: 90% }', 'overload.hysteresis: must be less than every threshold'],
    ['{ fds: { sched: 95% } }', 'sched'],
    ['{ fds: 95% }', 'overload.fds: must be an object such as { shed: 95% }, or false'],
    ['95%', 'overload: must be an object, or false'],
  ])('%s is refused, with the place', async (written, complaint) => {
    expect((await errors(written)).join('\n')).toContain(complaint);
  });

  it('spares the routes that are critical, and no other', async () => {
    const routes = withRoutes([
      ['match: { path: /health }', 'overload: { priority: critical }'],
      ['match: { path: /* }'],
    ]);
    const snapshot = snapshotOf(await workspace.yaml(routes));
    expect(snapshot.routes.map(({ overload }) => overload)).toEqual(['critical', 'normal']);
  });
});
