/** What the settings of the log do: level, access log off, lines for people, and readiness while draining. */
import {
  echo,
  freePort,
  rawClient,
  requestHead,
  startHttpUpstream,
  startTorus,
  until,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

describe('the settings of the log', () => {
  let upstream: TestUpstream;

  beforeAll(async () => {
    upstream = await startHttpUpstream(echo);
  });

  afterAll(() => upstream.close());

  const configuration = (log: object, port = 0, adminPort = 0): object => ({
    workers: 1,
    listeners: [{ name: 'plain', address: `127.0.0.1:${String(port)}` }],
    admin: { address: `127.0.0.1:${String(adminPort)}` },
    log,
    upstreams: { echo: { endpoints: [upstream.url] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'echo' }],
  });
  const askOnce = async (port: number): Promise<void> => {
    const client = await rawClient({ port });
    expect((await client.exchange(requestHead('GET /seen?hidden=1'))).status).toBe(200);
    await client.close();
  };
  const isReady = async (port: number): Promise<boolean> => {
    const response = await fetch(`http://127.0.0.1:${String(port)}/readyz`, {
      headers: { connection: 'close' },
    }).catch(() => undefined);
    await response?.arrayBuffer();
    return response?.status === 200;
  };
  const stopped = async (torus: RunningTorus): Promise<string> => {
    expect(await torus.stop()).toEqual({ code: 0, signal: null });
    return torus
      .logs()
      .map((line) => (line['raw'] === true ? line.msg : JSON.stringify(line)))
      .join('\n');
  };

  it('writes no access log when it is off, and the operational lines all the same', async () => {
    const torus = await startTorus({ config: configuration({ access: false }) });
    await askOnce(torus.port());
    const text = await stopped(torus);
    expect(text).not.toContain('"msg":"access"');
    expect(text).toContain('All workers stopped. Primary exiting with code 0.');
  });

  it('writes at level error nothing but the access log while all is well', async () => {
    const [port, adminPort] = [await freePort(), await freePort()];
    const torus = await startTorus({
      config: configuration({ level: 'error' }, port, adminPort),
      waitUntilReady: false,
    });
    await until(() => isReady(adminPort), 10_000, 'readiness');
    await askOnce(port);
    await stopped(torus);
    expect(torus.logs().map(({ msg }) => msg)).toEqual(['access']);
  });

  it('writes lines that people can read when the format is pretty', async () => {
    const [port, adminPort] = [await freePort(), await freePort()];
    const torus = await startTorus({
      config: configuration({ format: 'pretty' }, port, adminPort),
      waitUntilReady: false,
    });
    await until(() => isReady(adminPort), 10_000, 'readiness');
    await askOnce(port);
    const text = await stopped(torus);
    expect(text).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO \(\d+\): Worker \d+ listening for HTTP traffic$/m);
    expect(text).toMatch(/INFO \(\d+\): access\n/);
    expect(text).toMatch(/^ +path: "\/seen"$/m);
    expect(text).toMatch(/^ +cause: "ok"$/m);
    expect(text).not.toContain('{"level"');
    expect(text).not.toContain('hidden');
  });

  it('shows people the text that came, and nothing that their terminal would act upon', async () => {
    const [port, adminPort] = [await freePort(), await freePort()];
    const torus = await startTorus({
      config: configuration({ format: 'pretty' }, port, adminPort),
      waitUntilReady: false,
    });
    await until(() => isReady(adminPort), 10_000, 'readiness');
    for (const agent of [Buffer.from('é 日本').toString('latin1'), '\x9b31mred']) {
      const client = await rawClient({ port });
      await client.exchange(requestHead('GET /seen', `User-Agent: ${agent}`));
      await client.close();
    }
    const text = await stopped(torus);
    expect(text).toMatch(/^ +userAgent: "é 日本"$/m);
    expect(text).toMatch(/^ +userAgent: "\\u009b31mred"$/m);
    expect(text).not.toContain('\u009b');
  });

  it('says 503 on /readyz while it drains, and 200 on /livez', async () => {
    const config = { ...configuration({}), shutdown: { delay: '600ms', timeout: '1s' } };
    const torus = await startTorus({ config });
    torus.requestShutdown();
    await until(async () => (await torus.admin('/readyz')).status === 503, 2_000, 'readiness to fail');
    const ready = await torus.admin('/readyz');
    expect([await ready.text(), ready.headers.get('retry-after')]).toEqual(['draining\n', '1']);
    expect((await torus.admin('/livez')).status).toBe(200);
    await askOnce(torus.port());
    // Asking again would force it.
    expect(await torus.exit).toEqual({ code: 0, signal: null });
    await torus.stop();
  });
});
