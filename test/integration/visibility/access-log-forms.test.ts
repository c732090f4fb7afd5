/** The access log in other forms: formats that other servers write, further fields, a sample, a file that is rotated. */
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import {
  echo,
  makeTempDir,
  rawClient,
  removeTempDir,
  requestHead,
  startHttpUpstream,
  startTorus,
  TEST_SECRET,
  token,
  until,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

const COMBINED =
  /^127\.0\.0\.1 - ann \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/seen\? HTTP\/1\.1" 200 \d+ "https:\/\/a\.example\/b" "probe\/1"$/;

describe('the access log in other forms', () => {
  let upstream: TestUpstream;
  let folder: string;
  let file: string;
  let torus: RunningTorus | undefined;

  beforeAll(async () => {
    upstream = await startHttpUpstream(echo);
  });

  afterAll(() => upstream.close());

  beforeEach(() => {
    folder = makeTempDir();
    file = path.join(folder, 'access.log');
  });

  afterEach(async () => {
    await torus?.stop();
    removeTempDir(folder);
  });

  const start = async (access: object, workers = 1): Promise<RunningTorus> => {
    torus = await startTorus({
      config: {
        workers,
        listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
        admin: { address: '127.0.0.1:0' },
        log: { access },
        upstreams: { echo: { endpoints: [upstream.url] } },
        routes: [
          {
            name: 'all',
            match: { path: '/*' },
            filters: [{ 'jwt-auth': { secret: TEST_SECRET, algorithms: ['HS256'] } }],
            upstream: 'echo',
          },
        ],
      },
    });
    return torus;
  };

  const ask = async (running: RunningTorus, target: string, authorized = true): Promise<number> => {
    const client = await rawClient({ port: running.port() });
    const fields = ['User-Agent: probe/1', 'Referer: https://a.example/b?hidden=1', 'X-Tenant: blue'];
    const bearer = authorized ? [`Authorization: Bearer ${token({ sub: 'ann' })}`] : [];
    const { status } = await client.exchange(requestHead(`GET ${target}`, ...fields, ...bearer));
    await client.close();
    return status;
  };

  const linesOf = (name: string): string[] =>
    existsSync(name) ? readFileSync(name, 'utf8').split('\n').slice(0, -1) : [];
  const untilLines = async (name: string, count: number): Promise<string[]> => {
    await until(
      () => linesOf(name).length >= count,
      5000,
      `${String(count)} lines in ${path.basename(name)}`,
    );
    return linesOf(name);
  };

  it('writes the combined format to a file, with the verified user and no query', async () => {
    const running = await start({ format: 'combined', file });
    expect(await ask(running, '/seen?hidden=1')).toBe(200);
    const [line] = await untilLines(file, 1);
    expect(line).toMatch(COMBINED);
    expect(running.logs().filter(({ msg }) => msg === 'access')).toEqual([]);
  });

  it('goes on in a new file when the log is moved away, and loses no line', async () => {
    const running = await start({ file }, 2);
    const moved = `${file}.1`;
    for (let each = 0; each < 5; each += 1) await ask(running, '/before');
    await untilLines(file, 5);
    renameSync(file, moved);
    await until(() => existsSync(file), 5000, 'the file is there again');
    for (let each = 0; each < 5; each += 1) await ask(running, '/after');
    await until(() => linesOf(file).length + linesOf(moved).length === 10, 5000, 'ten lines');
    expect(
      linesOf(moved)
        .slice(0, 5)
        .every((line) => line.includes('"/before"')),
    ).toBe(true);
  });

  it('goes on in a new file when the log is removed', async () => {
    const running = await start({ file });
    await ask(running, '/before');
    await untilLines(file, 1);
    rmSync(file);
    await until(() => existsSync(file), 5000, 'the file is there again');
    await ask(running, '/after');
    expect(await untilLines(file, 1)).toHaveLength(1);
  });

  it('adds headers and claims to JSON lines', async () => {
    const running = await start({
      file,
      fields: { tenant: { header: 'X-Tenant' }, user: { claim: 'sub' }, none: { header: 'x-none' } },
    });
    await ask(running, '/seen');
    const [line = ''] = await untilLines(file, 1);
    expect(JSON.parse(line)).toMatchObject({ fields: { tenant: 'blue', user: 'ann' }, msg: 'access' });
    expect(line).not.toContain('none');
  });

  it('leaves out what ended well where the sample is 0, and nothing else', async () => {
    const running = await start({ file, sample: 0 });
    expect(await ask(running, '/seen')).toBe(200);
    expect(await ask(running, '/seen', false)).toBe(401);
    const [line = ''] = await untilLines(file, 1);
    expect(JSON.parse(line)).toMatchObject({ status: 401 });
    await running.stop();
    expect(linesOf(file)).toHaveLength(1);
  });

  const refused: [string, object, string][] = [
    ['a header that holds secrets', { fields: { a: { header: 'Authorization' } } }, 'must not name a header'],
    ['a source that is none', { fields: { a: {} } }, 'must hold either header or claim'],
    ['fields where lines are not JSON', { format: 'common', fields: { a: { claim: 'sub' } } }, 'only JSON'],
    ['a file in a folder that is missing', { file: 'missing/access.log' }, 'does not exist'],
    ['a sample above all', { sample: '101%' }, 'at most 100%'],
  ];
  it.each(refused)('refuses %s', async (_what, access, message) => {
    const running = await startTorus({
      config: {
        log: { access },
        listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
        upstreams: { echo: { endpoints: [upstream.url] } },
        routes: [{ name: 'all', match: { path: '/*' }, upstream: 'echo' }],
      },
      waitUntilReady: false,
    });
    expect((await running.exit).code).toBe(1);
    expect(
      running
        .logs()
        .map(({ msg }) => msg)
        .join('\n'),
    ).toContain(message);
  });
});
