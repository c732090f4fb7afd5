/** Upgrades that do not become a tunnel: dead and unwilling upstreams, wrong protocols, requests that may not ask. */
import type { Socket } from 'node:net';
import { token, type ReadResponse } from '../../support/index.js';
import { echoTunnel, startTunnelStage, SWITCH, upgradeHead, type TunnelStage } from './tunnel-fixture.js';

const ok = (body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`;

/** Answers the one request of a connection that was not switched. */
const answerWith =
  (text: string) =>
  (socket: Socket): void =>
    void socket.end(text);

const problem = (response: ReadResponse): unknown => {
  expect(response.field('content-type')).toBe('application/problem+json');
  return JSON.parse(response.text());
};

describe('an upgrade', () => {
  let stage: TunnelStage;

  beforeAll(async () => {
    stage = await startTunnelStage();
  });

  afterAll(() => stage.stop());

  it.each(['plain', 'secure'] as const)(
    'to a dead backend is answered 502 over a %s listener, and the process lives',
    async (listener) => {
      // Probe 23: an unhandled error of the connect ended the worker.
      const [worker] = stage.torus.workers();
      const path = `/dead/${listener}`;
      const client = await stage.client(listener);
      const response = await client.exchange(upgradeHead(path));
      expect(response.status).toBe(502);
      expect(problem(response)).toMatchObject({ status: 502, cause: 'upstream.connect.refused' });
      expect(await stage.accessLine(path)).toMatchObject({ status: 502, cause: 'upstream.connect.refused' });
      await client.close();
      expect(stage.torus.workers()).toEqual([worker]);
    },
  );

  it('whose upstream closes without a word is answered 502', async () => {
    stage.answer('/plain/silent', (socket) => socket.end());
    const client = await stage.client('plain');
    const response = await client.exchange(upgradeHead('/plain/silent'));
    expect(problem(response)).toMatchObject({ status: 502, cause: 'upstream.head.closed' });
    await client.close();
  });

  it.each(['plain', 'secure'] as const)(
    'whose upstream resets the connection is answered 502 over a %s listener, and the process lives',
    async (listener) => {
      // http-party/node-http-proxy#1468, #1439: an unhandled ECONNRESET ended the process.
      const workers = stage.torus.workers();
      stage.answer('/plain/resets', (socket) => socket.resetAndDestroy());
      const client = await stage.client(listener);
      const response = await client.exchange(upgradeHead('/plain/resets'));
      expect(problem(response)).toMatchObject({ status: 502, cause: 'upstream.head.reset' });
      expect(stage.torus.workers()).toEqual(workers);
      await client.close();
    },
  );

  it('that is refused relays the answer, and what follows is read as HTTP, never tunnelled', async () => {
    // Probe 19: a raw tunnel after a refused upgrade let a second request pass unauthenticated.
    stage.answer('/plain/refused', answerWith('HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nnever'));
    const client = await stage.client('plain');
    const smuggled = 'GET /jwt/secret HTTP/1.1\r\nHost: example.test\r\n\r\n';
    void client.send(`${upgradeHead('/plain/refused')}${smuggled}`);
    const refusal = await client.response();
    expect([refusal.status, refusal.text()]).toEqual([403, 'never']);
    expect((await client.response()).status).toBe(401);
    expect(stage.headsOf('/jwt/secret')).toEqual([]);
    await client.close();
  });

  it('that is refused leaves a connection that goes on as HTTP', async () => {
    stage.answer('/plain/not-now', answerWith('HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n'));
    stage.answer('/plain/next', answerWith(ok('next')));
    const client = await stage.client('secure');
    expect((await client.exchange(upgradeHead('/plain/not-now'))).status).toBe(503);
    const next = await client.exchange('GET /plain/next HTTP/1.1\r\nHost: example.test\r\n\r\n');
    expect([next.status, next.text()]).toEqual([200, 'next']);
    await client.close();
  });

  it('that is refused, with garbage behind it, ends in a 400 and no byte of it upstream', async () => {
    let after = '';
    stage.answer('/plain/garbage', (socket) => {
      socket.on('data', (chunk: Buffer) => (after += chunk.toString()));
      socket.end('HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n');
    });
    const client = await stage.client('plain');
    void client.send(`${upgradeHead('/plain/garbage')}\x81\x05hello\r\n\r\n`);
    expect((await client.response()).status).toBe(400);
    const second = await client.response();
    expect(problem(second)).toMatchObject({ cause: 'downstream.head.malformed' });
    await client.ended();
    await client.close();
    expect(after).toBe('');
  });

  it('that the upstream answers with 200 is a response like any other', async () => {
    stage.answer('/plain/ignored', answerWith(ok('plain http')));
    const client = await stage.client('plain');
    const response = await client.exchange(upgradeHead('/plain/ignored'));
    expect([response.status, response.text()]).toEqual([200, 'plain http']);
    expect(response.field('upgrade')).toBeUndefined();
    await client.close();
  });

  it.each([
    ['another protocol than asked', 'Connection: Upgrade\r\nUpgrade: h2c\r\n'],
    ['no protocol', 'Connection: Upgrade\r\n'],
    ['the protocol without Connection', 'Upgrade: websocket\r\n'],
    ['two protocols', 'Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n'],
  ])('answered by a 101 to %s is a 502', async (name, fields) => {
    const path = `/plain/${name.replaceAll(' ', '-')}`;
    const { openSockets } = stage.plain;
    stage.answer(path, (socket) => void socket.write(`HTTP/1.1 101 Switching\r\n${fields}\r\nraw`));
    const client = await stage.client('plain');
    const response = await client.exchange(upgradeHead(path));
    expect(problem(response)).toMatchObject({ status: 502, cause: 'upstream.upgrade.invalid' });
    expect(await stage.accessLine(path)).toMatchObject({ status: 502, cause: 'upstream.upgrade.invalid' });
    await stage.plain.whenOpenSockets(openSockets, 1_000);
    await client.close();
  });

  it('that nobody asked for is a 502', async () => {
    stage.answer('/plain/unasked', (socket) => void socket.write(`${SWITCH}raw`));
    const client = await stage.client('plain');
    const response = await client.exchange('GET /plain/unasked HTTP/1.1\r\nHost: example.test\r\n\r\n');
    expect(problem(response)).toMatchObject({ status: 502, cause: 'upstream.upgrade.invalid' });
    await client.close();
  });

  it('on a POST with a body is no upgrade: the upstream gets a plain request', async () => {
    stage.answer('/plain/post', (socket, _head, rest) => void socket.end(ok(`got ${String(rest)}`)));
    const client = await stage.client('plain');
    const head = upgradeHead('/plain/post', 'Content-Length: 4').replace('GET', 'POST');
    const response = await client.exchange(`${head}body`);
    expect(response.status).toBe(200);
    expect(stage.headsOf('/plain/post').join()).not.toMatch(/^(upgrade|connection):/im);
    await client.close();
  });

  it('on a POST that the upstream would switch is a 502, and its body no way into a tunnel', async () => {
    stage.answer('/plain/post-switch', (socket) => void socket.write(SWITCH));
    const client = await stage.client('plain');
    const head = upgradeHead('/plain/post-switch', 'Content-Length: 4').replace('GET', 'POST');
    const response = await client.exchange(`${head}body`);
    expect(problem(response)).toMatchObject({ cause: 'upstream.upgrade.invalid' });
    await client.close();
  });

  it('to h2c goes upstream as plain HTTP, without Upgrade and HTTP2-Settings', async () => {
    stage.answer('/plain/h2c', answerWith(ok('http/1.1')));
    const client = await stage.client('plain');
    const response = await client.exchange(
      [
        'GET /plain/h2c HTTP/1.1',
        'Host: example.test',
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAAQAAP__',
        '',
        '',
      ].join('\r\n'),
    );
    expect([response.status, response.text()]).toEqual([200, 'http/1.1']);
    expect(stage.headsOf('/plain/h2c').join()).not.toMatch(/upgrade|http2-settings/i);
    await client.close();
  });

  it('to several protocols at once goes upstream as plain HTTP', async () => {
    stage.answer('/plain/several', answerWith(ok('plain')));
    const client = await stage.client('plain');
    const head = upgradeHead('/plain/several').replace('Upgrade: websocket', 'Upgrade: websocket, h2c');
    expect((await client.exchange(head)).status).toBe(200);
    expect(stage.headsOf('/plain/several').join()).not.toMatch(/^(upgrade|connection):/im);
    await client.close();
  });

  it('without Connection: Upgrade goes upstream as plain HTTP', async () => {
    stage.answer('/plain/no-connection', answerWith(ok('plain')));
    const client = await stage.client('plain');
    const head = upgradeHead('/plain/no-connection').replace('Connection: Upgrade\r\n', '');
    expect((await client.exchange(head)).status).toBe(200);
    expect(stage.headsOf('/plain/no-connection').join()).not.toMatch(/^(upgrade|connection):/im);
    await client.close();
  });

  it('is a plain request on a route with upgrades: false', async () => {
    stage.answer('/off/socket', answerWith(ok('no tunnels here')));
    const client = await stage.client('plain');
    const response = await client.exchange(upgradeHead('/off/socket'));
    expect([response.status, response.text()]).toEqual([200, 'no tunnels here']);
    expect(stage.headsOf('/off/socket').join()).not.toMatch(/^(upgrade|connection):/im);
    await client.close();
  });

  it('goes through for a protocol that the route names, in any letter case', async () => {
    stage.answer('/other/socket', (socket) => {
      socket.write('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: OTHER\r\n\r\nhello');
    });
    const client = await stage.client('plain');
    const head = upgradeHead('/other/socket').replace('Upgrade: websocket', 'Upgrade: other');
    expect((await client.exchange(head)).status).toBe(101);
    expect(String(await client.readUntil('hello'))).toBe('hello');
    await client.close();
  });

  it('is protected by jwt-auth like any request', async () => {
    stage.answer('/jwt/socket', echoTunnel);
    const stranger = await stage.client('plain');
    const refused = await stranger.exchange(upgradeHead('/jwt/socket'));
    expect([refused.status, refused.field('www-authenticate')]).toEqual([401, 'Bearer realm="torus"']);
    expect(stage.headsOf('/jwt/socket')).toEqual([]);
    await stranger.close();
    const friend = await stage.client('plain');
    const head = upgradeHead('/jwt/socket', `Authorization: Bearer ${token()}`);
    expect((await friend.exchange(head)).status).toBe(101);
    await friend.send('through');
    expect(String(await friend.readUntil('through'))).toBe('through');
    await friend.close();
  });
});
