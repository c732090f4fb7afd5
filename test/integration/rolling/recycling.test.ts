/** Workers that are old or heavy are replaced by new ones, one at a time, and no request notices. */
import { metricSum, rawClient, requestHead, until, type TestUpstream } from '../../support/index.js';
import { isAnswered, startLoad } from '../../support/steady-load.js';
import { sendStrangers, startRolling, startUpstreams, UPGRADE, type Rolling } from './rolling-fixture.js';

let upstreams: { readonly plain: TestUpstream; readonly echo: TestUpstream };
let rolling: Rolling;

beforeAll(async () => {
  upstreams = await startUpstreams();
});
afterAll(() => Promise.all([upstreams.plain.close(), upstreams.echo.close()]));
afterEach(() => rolling.stop());

const replacements = (reason: string): Promise<number> =>
  metricSum(rolling.torus, 'torus_worker_replacements_total', { reason });

describe('supervisor.recycle', () => {
  it('maxAge replaces each worker while it serves, one after the other, under load', async () => {
    rolling = await startRolling(upstreams, { supervisor: { recycle: { maxAge: '3s' } } });
    const { torus } = rolling;
    const first = rolling.readyPids();
    const load = startLoad({ port: torus.port(), clients: 4 });
    const strangers = sendStrangers(torus.port(), 2);
    await until(async () => (await replacements('age')) >= 4, 40_000, 'four replacements');
    expect(rolling.readyPids().filter((pid) => first.includes(pid))).toEqual([]);
    expect(await strangers.stop()).toEqual([]);
    const outcomes = await load.stop();
    expect(outcomes.filter((outcome) => !isAnswered(outcome))).toEqual([]);
    expect(await metricSum(torus, 'torus_worker_restarts_total')).toBe(0);
    // One at a time: each was handed over before the next one was begun.
    const turns = torus.logs().flatMap(({ msg }) => {
      if (msg.startsWith('Replacing worker')) return ['begin'];
      return /^Worker \d+ leaves/.test(msg) ? ['end'] : [];
    });
    expect(turns.slice(0, 8)).toEqual(['begin', 'end', 'begin', 'end', 'begin', 'end', 'begin', 'end']);
    expect(await metricSum(torus, 'torus_worker_drain_duration_seconds_count')).toBeGreaterThan(0);
  }, 60_000);

  it('maxMemory replaces a worker that is above it, and a tunnel through it goes on', async () => {
    rolling = await startRolling(
      upstreams,
      { supervisor: { recycle: { maxMemory: '20MiB' } }, workers: 1 },
      1,
    );
    const { torus } = rolling;
    const [first] = rolling.readyPids();
    const socket = await rawClient({ port: torus.port() });
    await socket.send(UPGRADE);
    await socket.readUntil('\r\n\r\n');
    await until(async () => (await replacements('memory')) > 0, 30_000, 'a replacement');
    const line = await torus.waitForLog(`Replacing worker ${String(first)}`);
    expect(line).toMatchObject({ worker: 1, reason: 'memory' });
    await socket.send('still here');
    expect((await socket.readBytes(10)).toString()).toBe('still here');
    const client = await rawClient({ port: torus.port() });
    expect((await client.exchange(requestHead('GET /'))).text()).toBe('ok');
    await Promise.all([socket.close(), client.close()]);
    const warning = torus.logs().find(({ msg }) => msg.includes('supervisor.recycle.maxMemory'));
    expect(warning?.level).toBe('warn');
  }, 45_000);
});
