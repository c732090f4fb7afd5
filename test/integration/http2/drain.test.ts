/** SIGTERM with HTTP/2 clients: what runs finishes, what comes later is told that it was not taken. */
import type { ServerResponse } from 'node:http';
import {
  FRAME,
  http2Ask,
  requestFields,
  startHttpUpstream,
  until,
  within,
  type TestUpstream,
} from '../../support/index.js';
import { startHttp2Fixture, type Http2Fixture } from './http2-fixture.js';

const NO_ERROR = 0;
const LAST_STREAM = 0x7fffffff;

interface Gate {
  readonly upstream: TestUpstream;
  readonly paths: string[];
  readonly held: ServerResponse[];
}

/** Holds what it is asked for, but `/now`. */
const startGate = async (): Promise<Gate> => {
  const paths: string[] = [];
  const held: ServerResponse[] = [];
  const upstream = await startHttpUpstream((request, response) => {
    request.resume();
    paths.push(request.url ?? '');
    if (request.url === '/now') response.end('now');
    else held.push(response);
  });
  return { upstream, paths, held };
};

const summaryOf = (fixture: Http2Fixture): unknown =>
  fixture.torus.logs().find(({ msg }) => msg === 'Drain summary');

const exitOf = (fixture: Http2Fixture): Promise<unknown> =>
  within(fixture.torus.exit, 5_000, 'torus to exit');

describe.each(['secure', 'plain'] as const)('%s: a shutdown', (listener) => {
  it('names the last stream it took, lets it finish, and takes none after it', async () => {
    const { upstream, paths, held } = await startGate();
    const fixture = await startHttp2Fixture(upstream, { config: { shutdown: { timeout: '20s' } } });
    const client = await fixture.frames({ port: fixture.torus.port(listener), tls: listener === 'secure' });
    for (const stream of [1, 3]) await client.request(stream, requestFields('/held'));
    await until(() => held.length === 2);
    fixture.torus.signal('SIGTERM');
    const { payload } = await client.frame(FRAME.goaway);
    expect([payload.readUInt32BE(0) & LAST_STREAM, payload.readUInt32BE(4)]).toEqual([3, NO_ERROR]);
    await client.request(5, requestFields('/late'));
    for (const response of held) response.end('finished');
    await client.whenEnded();
    const bodies = [1, 3].map((stream) =>
      client
        .of(FRAME.data, stream)
        .map(({ payload: data }) => data.toString())
        .join(''),
    );
    expect(bodies).toEqual(['finished', 'finished']);
    // Both responses ended: the last DATA of each stream says so.
    for (const stream of [1, 3]) expect(client.of(FRAME.data, stream).at(-1)?.flags).toBe(1);
    expect(client.frames.some(({ stream }) => stream === 5)).toBe(false);
    expect(paths).toEqual(['/held', '/held']);
    await client.close();
    expect(await exitOf(fixture)).toEqual({ code: 0, signal: null });
    expect(summaryOf(fixture)).toMatchObject({ clean: 2, cut: 0 });
    await fixture.stop();
  });

  it('ends at once when its clients are only idle', async () => {
    const { upstream } = await startGate();
    const fixture = await startHttp2Fixture(upstream, { config: { shutdown: { timeout: '60s' } } });
    const client = await fixture.frames({ port: fixture.torus.port(listener), tls: listener === 'secure' });
    await client.request(1, requestFields('/now'));
    await client.frame(FRAME.data, 1);
    fixture.torus.signal('SIGTERM');
    expect(await client.goaway()).toBe(NO_ERROR);
    expect(await exitOf(fixture)).toEqual({ code: 0, signal: null });
    await fixture.stop();
  });

  it('answers clients that come during the delay, each once', async () => {
    const { upstream } = await startGate();
    const fixture = await startHttp2Fixture(upstream, {
      config: { shutdown: { delay: '1s', timeout: '20s' } },
    });
    fixture.torus.signal('SIGTERM');
    await fixture.torus.waitForLog('Draining');
    const session = await fixture.session(listener);
    const goaway = new Promise((resolve) => session.once('goaway', resolve));
    expect((await http2Ask(session, { ':path': '/now' })).text()).toBe('now');
    expect(await within(goaway, 5_000, 'GOAWAY')).toBe(NO_ERROR);
    await exitOf(fixture);
    await fixture.stop();
  });

  it('cuts what is left at the deadline by reset, and names it', async () => {
    const { upstream, held } = await startGate();
    const fixture = await startHttp2Fixture(upstream, { config: { shutdown: { timeout: '300ms' } } });
    const session = await fixture.session(listener);
    const answer = http2Ask(session, { ':path': '/endless' });
    await until(() => held.length === 1);
    held[0]?.write('part');
    fixture.torus.signal('SIGTERM');
    const { rstCode, text } = await answer;
    expect([rstCode === NO_ERROR, text()]).toEqual([false, 'part']);
    await exitOf(fixture);
    expect(summaryOf(fixture)).toMatchObject({ clean: 0, cut: 1 });
    await fixture.stop();
  });
});
