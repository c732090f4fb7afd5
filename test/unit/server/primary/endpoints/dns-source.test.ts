import type { SrvRecord } from 'node:dns';
import { pino } from 'pino';
import type {
  DnsConfig,
  DnsResolver,
} from '../../../../../src/server/primary/endpoints/sources/dns-answer.js';
import { DnsSource } from '../../../../../src/server/primary/endpoints/sources/dns-source.js';
import { FakeScheduler } from './fake-scheduler.js';

const CONFIG: DnsConfig = {
  kind: 'dns',
  name: 'users.test',
  records: 'A',
  scheme: 'http',
  port: 80,
  servers: [],
  timeoutMs: 1000,
  minTtlMs: 2000,
  maxTtlMs: 60_000,
  keepOnEmptyMs: 30_000,
};

type Answers = Readonly<Record<string, readonly string[] | string>>;

/** Addresses by `A name` and `AAAA name`, or the code of the failure. */
const arrange = async (config: Partial<DnsConfig> = {}, srv: readonly SrvRecord[] | string = []) => {
  const scheduler = new FakeScheduler();
  const state = { answers: {} as Answers, srv, ttl: 10, asked: 0, changes: 0 };
  const failure = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));
  const addresses = (type: string, name: string) => {
    state.asked += 1;
    const answer = state.answers[`${type} ${name}`] ?? 'ENOTFOUND';
    if (typeof answer === 'string') return failure(answer);
    return Promise.resolve(answer.map((address) => ({ address, ttl: state.ttl })));
  };
  const resolver: DnsResolver = {
    resolve4: (name) => addresses('A', name),
    resolve6: (name) => addresses('AAAA', name),
    resolveSrv: () => (typeof state.srv === 'string' ? failure(state.srv) : Promise.resolve([...state.srv])),
    cancel: () => undefined,
  };
  const results: string[] = [];
  const source = new DnsSource({
    upstream: 'main',
    config: { ...CONFIG, ...config },
    resolver,
    scheduler,
    log: pino({ level: 'silent' }),
    random: () => 0.5,
    onResolved: (result) => results.push(result),
  });
  source.onChange = () => void (state.changes += 1);
  const start = async (answers: Answers) => {
    state.answers = answers;
    await source.start();
  };
  return { scheduler, state, source, results, start, hosts: () => source.current().map(({ host }) => host) };
};

describe('DnsSource', () => {
  it('asks again when the shortest TTL is over, within its limits', async () => {
    const { start, state, scheduler } = await arrange();
    await start({ 'A users.test': ['10.0.0.1'] });
    await scheduler.pass(9_999);
    expect(state.asked).toBe(1);
    state.ttl = 0;
    await scheduler.pass(1);
    expect(state.asked).toBe(2);
    state.ttl = 100_000;
    await scheduler.pass(1_999);
    expect(state.asked).toBe(2);
    await scheduler.pass(1);
    expect(state.asked).toBe(3);
    await scheduler.pass(60_000);
    expect(state.asked).toBe(4);
  });

  it('does not mistake another order for another list, nor the same address for two', async () => {
    const { start, state, scheduler, hosts } = await arrange();
    await start({ 'A users.test': ['10.0.0.2', '10.0.0.1', '10.0.0.2'] });
    const { changes } = state;
    expect(hosts()).toEqual(['10.0.0.1', '10.0.0.2']);
    state.answers = { 'A users.test': ['10.0.0.1', '10.0.0.2'] };
    await scheduler.pass(10_000);
    expect(state.changes).toBe(changes);
  });

  it('keeps what it has while questions fail, and asks less and less often', async () => {
    const { start, state, scheduler, hosts, source } = await arrange({ keepOnEmptyMs: 0, minTtlMs: 1000 });
    await start({ 'A users.test': ['10.0.0.1'] });
    state.answers = { 'A users.test': 'ESERVFAIL' };
    await scheduler.pass(10_000);
    const at: number[] = [];
    for (let second = 0; second < 70; second += 1) {
      const { asked } = state;
      await scheduler.pass(1_000);
      if (state.asked > asked) at.push(second + 1);
    }
    expect(at).toEqual([1, 3, 7, 15, 31, 61]);
    expect(hosts()).toEqual(['10.0.0.1']);
    expect(source.report().problem).toBe('ESERVFAIL');
  });

  it('believes that there are none once that has been the answer for long enough', async () => {
    const { start, state, scheduler, hosts, results } = await arrange();
    await start({ 'A users.test': ['10.0.0.1'] });
    state.answers = {};
    await scheduler.pass(39_999);
    expect(hosts()).toEqual(['10.0.0.1']);
    await scheduler.pass(1);
    expect(hosts()).toEqual([]);
    expect(new Set(results)).toEqual(new Set(['endpoints', 'empty']));
  });

  it('does not count a failure as a part of that time', async () => {
    const { start, state, scheduler, hosts } = await arrange();
    await start({ 'A users.test': ['10.0.0.1'] });
    state.answers = {};
    await scheduler.pass(10_000);
    state.answers = { 'A users.test': 'ETIMEOUT' };
    await scheduler.pass(2_000);
    state.answers = {};
    // Asked at 10, 12 and 14 s: the time begins anew with the last of these.
    await scheduler.pass(31_500);
    expect(hosts()).toEqual(['10.0.0.1']);
    await scheduler.pass(1_000);
    expect(hosts()).toEqual([]);
  });

  it('keeps the addresses of a family that fails while the other one answers', async () => {
    const { start, state, scheduler, hosts, source } = await arrange({ records: 'both' });
    await start({ 'A users.test': ['10.0.0.1'], 'AAAA users.test': ['fd00::1'] });
    state.answers = { 'A users.test': ['10.0.0.2'], 'AAAA users.test': 'ESERVFAIL' };
    await scheduler.pass(10_000);
    expect(hosts().sort()).toEqual(['10.0.0.1', '10.0.0.2', 'fd00::1']);
    state.answers = { 'A users.test': ['10.0.0.2'] };
    await scheduler.pass(10_000);
    expect(hosts()).toEqual(['10.0.0.2']);
    expect(source.report().problem).toBeUndefined();
  });

  it('takes of SRV records the lowest priority that resolves, with scaled weights, under the name without its labels', async () => {
    const srv = [
      { name: 'gone.test', port: 1, priority: 1, weight: 1 },
      { name: 'a.test', port: 2, priority: 2, weight: 60_000 },
      { name: 'b.test', port: 3, priority: 2, weight: 0 },
      { name: 'c.test', port: 4, priority: 3, weight: 1 },
    ];
    const { start, source } = await arrange({ records: 'SRV', name: '_http._tcp.users.test.' }, srv);
    await start({ 'A a.test': ['10.0.0.1'], 'A b.test': ['10.0.0.2'], 'A c.test': ['10.0.0.3'] });
    expect(source.current()).toEqual([
      { scheme: 'http', host: '10.0.0.1', port: 2, weight: 1000, hostname: 'users.test' },
      { scheme: 'http', host: '10.0.0.2', port: 3, weight: 1, hostname: 'users.test' },
    ]);
  });

  it('takes a target of "." for none', async () => {
    const { start, results } = await arrange({ records: 'SRV' }, [
      { name: '', port: 0, priority: 0, weight: 0 },
    ]);
    await start({});
    expect(results).toEqual(['empty']);
  });

  it('asks nothing any more once it is stopped', async () => {
    const { start, state, scheduler, source } = await arrange();
    await start({ 'A users.test': ['10.0.0.1'] });
    source.stop();
    await scheduler.pass(120_000);
    expect(state.asked).toBe(1);
  });
});
