/** Upgrades on routes to upstreams of HTTP/2: over HTTP/1.1 where the endpoint may choose, and refused by name where it may not. */
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { rawClient, requestHead, testCertificate, until } from '../../support/index.js';
import { startGateway, type Gateway } from './gateway.js';

let server: Http2SecureServer;
let sockets: WebSocketServer;
let gateway: Gateway;
const versions: string[] = [];
const open = new Set<Socket>();

beforeAll(async () => {
  const certificate = await testCertificate();
  server = createSecureServer({ cert: certificate.certPem, key: certificate.keyPem, allowHTTP1: true });
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('request', (request, response) => {
    versions.push(request.httpVersion);
    response.end('ok');
  });
  sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    versions.push(`${request.httpVersion} upgrade`);
    sockets.handleUpgrade(request, socket, head, (peer) =>
      peer.on('message', (data) => peer.send(`re: ${(data as Buffer).toString()}`)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://localhost:${String((server.address() as AddressInfo).port)}`;
  const tls = { ca: certificate.caFile };
  gateway = await startGateway({
    upstreams: {
      chosen: { endpoints: [url], protocol: 'auto', tls },
      fixed: { endpoints: [url], protocol: 'http2', tls },
    },
  });
});

afterAll(async () => {
  await gateway.stop();
  for (const socket of open) socket.destroy();
  server.close();
});

it('a WebSocket goes over HTTP/1.1 to an endpoint that answers the rest over HTTP/2', async () => {
  expect((await gateway.ask('http1', '/chosen/page')).body.toString()).toBe('ok');
  const client = new WebSocket(`ws://127.0.0.1:${String(gateway.torus.port('plain'))}/chosen/socket`);
  const messages: string[] = [];
  client.on('message', (data) => messages.push((data as Buffer).toString()));
  await once(client, 'open');
  client.send('hello');
  await until(() => messages.length === 1);
  expect(messages).toEqual(['re: hello']);
  expect(versions).toEqual(['2.0', '1.1 upgrade']);
  client.close();
  await once(client, 'close');
});

it('a WebSocket to an endpoint of HTTP/2 alone is refused by name', async () => {
  const client = await rawClient({ port: gateway.torus.port('plain') });
  const upgrade = ['Connection: upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  const response = await client.exchange(
    requestHead('GET /fixed/socket', ...upgrade, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='),
  );
  expect([response.status, response.text()]).toEqual([
    501,
    expect.stringContaining('upstream.upgrade.unsupported'),
  ]);
  await client.close();
});
