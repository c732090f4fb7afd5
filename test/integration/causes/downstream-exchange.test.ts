/** Causes that lie with the client once its request goes upstream: while it sends, waits, takes the response, or has a tunnel. */
import type { Socket } from 'node:net';
import {
  requestHead,
  startScriptedUpstream,
  SWITCH,
  until,
  type RawClient,
  type Scripts,
} from '../../support/index.js';
import { CauseStage, answered, left } from './cause-stage.js';

const CHUNKED = 'Transfer-Encoding: chunked';
const reached = new Set<string>();

const flood = (socket: Socket): void => {
  const piece = Buffer.alloc(64 * 1024, 'x');
  const fill = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n');
  socket.on('drain', fill);
  fill();
};

const scripts: Scripts = {
  ok: ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  wait: ({ path, socket }) => {
    socket.resume();
    reached.add(path);
  },
  half: ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it'),
  flood: ({ socket }) => flood(socket),
  tunnel: ({ socket }) => void socket.resume().write(SWITCH),
};

const stage = new CauseStage(async () => {
  const upstream = await startScriptedUpstream(scripts);
  const timeouts = { bodyGap: '300ms', writeGap: '300ms' };
  return {
    upstreams: [upstream],
    config: {
      listeners: [{ name: 'plain', address: '127.0.0.1:0', timeouts }],
      upstreams: { main: { endpoints: [upstream.url] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main' }],
    },
  };
});

/** Sends that, and waits until the upstream has the head. */
const begin = async (method: string, ...fields: readonly string[]): Promise<RawClient> => {
  const path = stage.path('wait');
  const client = await stage.connect();
  await client.send(requestHead(`${method} ${path}`, ...fields));
  await until(() => reached.has(path));
  return client;
};

stage.drives('ok', 'nothing at all', async () => ({ saw: 'left', status: (await stage.ask('ok')).status }));

describe('while its body comes, a client', () => {
  stage.drives('downstream.body.malformed', 'sends a chunk whose size is no number', async () => {
    const client = await begin('POST', CHUNKED);
    return answered(await client.exchange('zz\r\nhello\r\n'));
  });
  stage.drives('downstream.body.overhead', 'sends a megabyte in chunks of one byte', async () => {
    const client = await begin('POST', CHUNKED);
    return answered(await client.exchange('1\r\nx\r\n'.repeat(1_000_000)));
  });
  stage.drives('downstream.body.timeout', 'stops in the middle', async () => {
    const client = await begin('POST', 'Content-Length: 10');
    return answered(await client.exchange('half'));
  });
  stage.drives('downstream.body.aborted', 'resets the connection', async () => {
    const client = await begin('POST', 'Content-Length: 10');
    client.reset();
    return left();
  });
});

stage.drives('downstream.wait.aborted', 'a client that leaves before there is an answer', async () => {
  (await begin('GET')).reset();
  return left();
});

describe('while it takes the response, a client', () => {
  stage.drives('downstream.response.aborted', 'resets the connection', async () => {
    const client = await stage.connect();
    await client.send(requestHead(`GET ${stage.path('half')}`));
    await client.readUntil('half of it');
    client.reset();
    return left(200);
  });
  stage.drives('downstream.response.timeout', 'stops reading', async () => {
    const client = await stage.connect();
    client.pause();
    await client.send(requestHead(`GET ${stage.path('flood')}`));
    // It sees the cut once it reads again: the kernel has kept what came before.
    await stage.torus.waitForLog((line) => line['cause'] === 'downstream.response.timeout');
    return { saw: 'cut', status: 200 };
  });
});

stage.drives('downstream.tunnel.aborted', 'a client that resets its WebSocket', async () => {
  const client = await stage.connect();
  await client.send(requestHead(`GET ${stage.path('tunnel')}`, 'Connection: Upgrade', 'Upgrade: websocket'));
  await client.readUntil('\r\n\r\n');
  client.reset();
  return left(101);
});
