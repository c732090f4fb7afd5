/** What becomes of the access log when its file is in trouble: it is told once, lines are kept as long as can be, and what is lost is counted. */
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import {
  echo,
  makeTempDir,
  metricSum,
  rawClient,
  removeTempDir,
  requestHead,
  startHttpUpstream,
  startTorus,
  until,
  type LogLine,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

const DROPPED = 'torus_access_log_dropped_total';
/** A file that takes nothing, ever. */
const FULL = '/dev/full';
const itWhereOneIsFull = existsSync(FULL) ? it : it.skip;

describe('the access log in trouble', () => {
  let upstream: TestUpstream;
  let folder: string;
  let torus: RunningTorus;

  beforeAll(async () => {
    upstream = await startHttpUpstream(echo);
  });

  afterAll(() => upstream.close());

  beforeEach(() => {
    folder = makeTempDir();
  });

  afterEach(async () => {
    await torus.stop();
    removeTempDir(folder);
  });

  const configuration = (file: string): object => ({
    workers: 1,
    listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
    admin: { address: '127.0.0.1:0' },
    log: { access: { file } },
    upstreams: { echo: { endpoints: [upstream.url] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'echo' }],
  });
  const ask = async (target: string): Promise<void> => {
    const client = await rawClient({ port: torus.port() });
    expect((await client.exchange(requestHead(`GET ${target}`))).status).toBe(200);
    await client.close();
  };
  const told = (words: string): readonly LogLine[] => torus.logs().filter(({ msg }) => msg.includes(words));
  const holds = (file: string, target: string): boolean =>
    existsSync(file) && readFileSync(file, 'utf8').includes(`"${target}"`);

  itWhereOneIsFull(
    'tells once of a file that cannot be written, and counts no line that is held',
    async () => {
      torus = await startTorus({ config: configuration(FULL) });
      await ask('/one');
      await torus.waitForLog((line) => line['code'] === 'ENOSPC' && line['path'] === FULL);
      await ask('/two');
      expect(await metricSum(torus, DROPPED)).toBe(0);
      expect(await torus.stop()).toEqual({ code: 0, signal: null });
      expect(told('The access log cannot be written')).toHaveLength(1);
      expect(told('Lines of the access log were lost')).toEqual([
        expect.objectContaining({ path: FULL, lost: 2, level: 'error' }),
      ]);
      expect(told('was forced to stop')).toEqual([]);
    },
  );

  itWhereOneIsFull('counts what was lost with a worker that is replaced', async () => {
    torus = await startTorus({ config: configuration(FULL) });
    await ask('/one');
    const next = path.join(folder, 'access.log');
    const body = JSON.stringify(configuration(next));
    expect((await torus.admin('/config', { method: 'POST', body })).status).toBe(200);
    await until(async () => (await metricSum(torus, DROPPED)) === 1, 10_000, 'the line is counted');
  });

  it('keeps its lines where the file was moved to while there is no place for another', async () => {
    const logs = path.join(folder, 'logs');
    const moved = path.join(folder, 'moved');
    mkdirSync(logs);
    torus = await startTorus({ config: configuration(path.join(logs, 'access.log')) });
    await ask('/before');
    await until(() => holds(path.join(logs, 'access.log'), '/before'), 5000, 'the first line');
    renameSync(logs, moved);
    await torus.waitForLog((line) => line['code'] === 'ENOENT' && line.msg.includes('cannot be opened'));
    await ask('/between');
    await until(() => holds(path.join(moved, 'access.log'), '/between'), 5000, 'the line where it was moved');
    mkdirSync(logs);
    await torus.waitForLog('The access log is open again');
    await ask('/after');
    await until(() => holds(path.join(logs, 'access.log'), '/after'), 5000, 'the line in the new file');
    expect(told('The access log cannot be opened')).toHaveLength(1);
    expect(await metricSum(torus, DROPPED)).toBe(0);
  });
});
