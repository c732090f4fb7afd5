/** Files behind the configuration that change are read again without a signal: written over, renamed, swapped by a link. */
import { once } from 'node:events';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import {
  makeCertificate,
  makeTempDir,
  rawClient,
  removeTempDir,
  requestHead,
  startHttpUpstream,
  startTorus,
  until,
  type RunningTorus,
  type TestCertificate,
  type TestUpstream,
} from '../../support/index.js';

const APPLIED = 'Configuration applied';

describe('a watched configuration', () => {
  let blue: TestUpstream;
  let green: TestUpstream;
  let torus: RunningTorus;
  let dir: string;
  let file: string;

  beforeAll(async () => {
    blue = await startHttpUpstream((_request, response) => void response.end('blue'));
    green = await startHttpUpstream((_request, response) => void response.end('green'));
  });

  afterAll(() => Promise.all([blue.close(), green.close()]));

  beforeEach(() => {
    dir = makeTempDir('watch');
    file = path.join(dir, 'torus.yaml');
  });

  afterEach(async () => {
    await torus.stop();
    removeTempDir(dir);
  });

  const textFor = (upstream: TestUpstream, extra: object = {}): string =>
    JSON.stringify({
      workers: 2,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      upstreams: { main: { endpoints: [upstream.url] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main' }],
      ...extra,
    });
  const start = async (args: readonly string[] = []): Promise<void> => {
    torus = await startTorus({ cwd: dir, args });
  };
  const answer = async (): Promise<string> => {
    const client = await rawClient({ port: torus.port('plain') });
    const { body } = await client.exchange(requestHead('GET /'));
    await client.close();
    return body.toString();
  };
  const timesLogged = (text: string): number => torus.logs().filter(({ msg }) => msg.includes(text)).length;
  const untilLogged = (text: string, times = 1): Promise<unknown> =>
    until(() => timesLogged(text) >= times, 10_000, `${text} x ${String(times)}`);

  it('is applied when another file is renamed into its place', async () => {
    writeFileSync(file, textFor(blue));
    await start();
    expect(await answer()).toBe('blue');
    writeFileSync(`${file}.next`, textFor(green));
    renameSync(`${file}.next`, file);
    await untilLogged(APPLIED);
    expect(await answer()).toBe('green');
    expect(timesLogged('Reloading the configuration')).toBe(1);
  });

  it('is applied when the link of a mounted ConfigMap turns to another folder', async () => {
    mkdirSync(path.join(dir, '..1'));
    mkdirSync(path.join(dir, '..2'));
    writeFileSync(path.join(dir, '..1', 'torus.yaml'), textFor(blue));
    writeFileSync(path.join(dir, '..2', 'torus.yaml'), textFor(green));
    symlinkSync('..1', path.join(dir, '..data'));
    symlinkSync(path.join('..data', 'torus.yaml'), file);
    await start();
    expect(await answer()).toBe('blue');
    symlinkSync('..2', path.join(dir, '..data_tmp'));
    renameSync(path.join(dir, '..data_tmp'), path.join(dir, '..data'));
    await untilLogged(APPLIED);
    expect(await answer()).toBe('green');
  });

  it('that becomes bad is complained of once, and applied when it is mended', async () => {
    writeFileSync(file, textFor(blue));
    await start();
    writeFileSync(file, textFor(green).replace('"/*"', '"no path"'));
    await untilLogged('The old one stays');
    expect(await answer()).toBe('blue');
    writeFileSync(file, textFor(green));
    await untilLogged(APPLIED);
    expect(await answer()).toBe('green');
    expect(timesLogged('The old one stays')).toBe(1);
  });

  it('that is removed for a while leaves what is served alone', async () => {
    writeFileSync(file, textFor(blue));
    await start();
    rmSync(file);
    await untilLogged('The old one stays');
    writeFileSync(file, textFor(green));
    await untilLogged(APPLIED);
    expect(await answer()).toBe('green');
  });

  it('waits for SIGHUP where watching is off', async () => {
    writeFileSync(file, textFor(blue, { watch: false }));
    await start();
    writeFileSync(file, textFor(green, { watch: false }));
    torus.signal('SIGHUP');
    await untilLogged(APPLIED);
    expect(await answer()).toBe('green');
  });

  describe('with certificates', () => {
    const names = { first: ['one.test', '*.wild.test'], second: ['exact.wild.test'] };
    let before: Record<'first' | 'second', TestCertificate>;
    let after: Record<'first' | 'second', TestCertificate>;

    const pairs = async (): Promise<typeof before> => ({
      first: await makeCertificate(names.first),
      second: await makeCertificate(names.second),
    });
    beforeAll(async () => {
      before = await pairs();
      after = await pairs();
    });

    const install = (certificates: typeof before): void => {
      for (const [name, { certPem, keyPem }] of Object.entries(certificates)) {
        writeFileSync(path.join(dir, `${name}.key`), keyPem, { mode: 0o600 });
        writeFileSync(path.join(dir, `${name}.crt`), certPem);
      }
    };
    const listeners = [
      { name: 'plain', address: '127.0.0.1:0' },
      {
        name: 'secure',
        address: '127.0.0.1:0',
        tls: {
          certificates: [
            { cert: 'first.crt', key: 'first.key' },
            { cert: 'second.crt', key: 'second.key' },
          ],
        },
      },
    ];
    const open = async (servername: string): Promise<TLSSocket> => {
      const socket = connect({
        port: torus.port('secure'),
        host: '127.0.0.1',
        servername,
        rejectUnauthorized: false,
      });
      await once(socket, 'secureConnect');
      return socket;
    };
    const shown = async (servername: string): Promise<string | undefined> => {
      const socket = await open(servername);
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      const all = Object.entries({ before, after }).flatMap(([age, set]) =>
        Object.entries(set).map(([name, { certPem }]) => ({ label: `${name} ${age}`, certPem })),
      );
      return all.find(({ certPem }) => certPem.includes(raw.toString('base64').slice(0, 60)))?.label;
    };

    it('shows the exact name before the wildcard, and the first for any other', async () => {
      install(before);
      writeFileSync(file, textFor(blue, { listeners }));
      await start();
      expect(await shown('exact.wild.test')).toBe('second before');
      expect(await shown('EXACT.wild.test')).toBe('second before');
      expect(await shown('other.wild.test')).toBe('first before');
      expect(await shown('a.b.wild.test')).toBe('first before');
      expect(await shown('one.test')).toBe('first before');
      expect(await shown('unknown.test')).toBe('first before');
    });

    it('shows new ones when their files change, and keeps the connections that are there', async () => {
      install(before);
      writeFileSync(file, textFor(blue, { listeners }));
      await start();
      const kept = await open('exact.wild.test');
      install(after);
      await untilLogged(APPLIED);
      expect(await shown('exact.wild.test')).toBe('second after');
      expect(await shown('one.test')).toBe('first after');
      kept.write('GET / HTTP/1.1\r\nHost: exact.wild.test\r\nConnection: close\r\n\r\n');
      const [answered] = (await once(kept, 'data')) as [Buffer];
      expect(answered.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
      kept.destroy();
    });

    it('keeps the old ones while a key does not fit', async () => {
      install(before);
      writeFileSync(file, textFor(blue, { listeners }));
      await start();
      writeFileSync(path.join(dir, 'second.key'), after.second.keyPem);
      await untilLogged('does not belong to certificate file');
      expect(await shown('exact.wild.test')).toBe('second before');
      writeFileSync(path.join(dir, 'second.crt'), after.second.certPem);
      await untilLogged(APPLIED);
      expect(await shown('exact.wild.test')).toBe('second after');
      expect(await shown('one.test')).toBe('first before');
    });

    it('shows one that a reload adds to the only one', async () => {
      install(before);
      const [plain, secure] = listeners;
      const one = { ...secure, tls: { certificates: [{ cert: 'first.crt', key: 'first.key' }] } };
      writeFileSync(file, textFor(blue, { listeners: [plain, one] }));
      await start();
      expect(await shown('exact.wild.test')).toBe('first before');
      writeFileSync(file, textFor(blue, { listeners }));
      await untilLogged(APPLIED);
      expect(await shown('exact.wild.test')).toBe('second before');
      expect(timesLogged('need a restart')).toBe(0);
    });
  });
});
