/** A worker that goes leaves an even ledger: what was opened is closed, whether it drained or was killed. */
import {
  closeHttp2,
  http2Session,
  metricSum,
  rawClient,
  requestHead,
  startScriptedUpstream,
  startTorus,
  testCertificate,
  until,
  whenNothingIsOpen,
} from '../../support/index.js';

it('the ledger is even after a worker was cut with exchanges, tunnels and idle connections of every kind', async () => {
  let reached = 0;
  const upstream = await startScriptedUpstream({
    hang: () => void (reached += 1),
    ok: ({ socket, next }) => {
      next();
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    },
    tunnel: ({ socket }) => {
      reached += 1;
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n');
    },
  });
  const { certFile, keyFile } = await testCertificate();
  const torus = await startTorus({
    config: {
      workers: 1,
      listeners: [
        { name: 'plain', address: '127.0.0.1:0' },
        { name: 'secure', address: '127.0.0.1:0', tls: { certificates: [{ cert: certFile, key: keyFile }] } },
      ],
      admin: { address: '127.0.0.1:0' },
      shutdown: { timeout: '300ms' },
      upstreams: { main: { endpoints: [upstream.url] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main', upgrades: ['other'] }],
    },
  });
  const session = await http2Session({ port: torus.port('secure') });
  const clients = await Promise.all(
    [false, true, false, true, false, true].map((tls) =>
      rawClient({ port: torus.port(tls ? 'secure' : 'plain'), tls }),
    ),
  );
  const [plain, secure, tunnel, secureTunnel, idle, secureIdle] = clients;
  for (const client of [idle, secureIdle])
    expect((await client!.exchange(requestHead('GET /ok'))).status).toBe(200);
  for (const client of [plain, secure]) await client!.send(requestHead('GET /hang'));
  for (const client of [tunnel, secureTunnel])
    await client!.send(requestHead('GET /tunnel', 'Connection: Upgrade', 'Upgrade: other'));
  const stream = session.request({ ':path': '/hang' });
  stream.on('error', () => undefined);
  await until(() => reached === 5);

  const [worker] = torus.workers();
  process.kill(worker!, 'SIGTERM');
  await until(() => torus.workers().length === 1 && torus.workers()[0] !== worker);
  await torus.ready();
  // Nobody has come since: these are the last counts of the worker that is gone.
  await whenNothingIsOpen(torus);
  expect(await metricSum(torus, 'torus_sockets_opened_total', { side: 'downstream' })).toBe(7);
  expect(await metricSum(torus, 'torus_http_requests_total', { cause: 'internal.drain.cut' })).toBe(5);

  await closeHttp2(session);
  await Promise.all(clients.map((client) => client.close()));
  await torus.stop();
  await upstream.close();
});

it('the ledger is even after a worker was killed, and what it held was closed with it', async () => {
  let reached = 0;
  await using upstream = await startScriptedUpstream({ hang: () => void (reached += 1) });
  const torus = await startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      upstreams: { main: { endpoints: [upstream.url] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main' }],
    },
  });
  await using client = await rawClient({ port: torus.port() });
  await client.send(requestHead('GET /hang'));
  await until(() => reached === 1);
  // What nobody has asked for since is lost with the worker, on both sides of the ledger.
  expect(await metricSum(torus, 'torus_sockets_open')).toBe(2);
  const [worker] = torus.workers();
  process.kill(worker!, 'SIGKILL');
  await until(() => torus.workers().length === 1 && torus.workers()[0] !== worker);
  await torus.ready();
  await whenNothingIsOpen(torus);
  expect(await metricSum(torus, 'torus_sockets_closed_total', { reason: 'worker-gone' })).toBe(2);
  await torus.stop();
});
