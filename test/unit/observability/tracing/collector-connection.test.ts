import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  openCollectorConnection,
  type CollectorAnswer,
} from '../../../../src/observability/tracing/collector-connection.js';
import { freePort } from '../../../support/free-port.js';

let server: Server;
let handler: RequestListener = () => undefined;
let connections = 0;

beforeAll(async () => {
  server = createServer((request, response) => handler(request, response));
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const post = openCollectorConnection();
const ask = (timeoutMs = 5_000, port = (server.address() as AddressInfo).port): Promise<CollectorAnswer> =>
  post({
    endpoint: `http://127.0.0.1:${String(port)}/v1/traces`,
    headers: { authorization: 'Bearer x' },
    body: Buffer.from('{"a":1}'),
    timeoutMs,
  });

it('posts one after the other over one connection', async () => {
  const seen: unknown[] = [];
  handler = (request, response) => {
    const { authorization, 'content-type': type, 'content-length': length } = request.headers;
    seen.push([request.method, request.url, authorization, type, length]);
    request.resume().on('end', () => response.writeHead(200, { 'retry-after': '7' }).end('{}'));
  };
  connections = 0;
  for (let count = 0; count < 3; count += 1)
    expect(await ask()).toEqual({ status: 200, retryAfter: '7', body: '{}' });
  expect(connections).toBe(1);
  expect(seen[2]).toEqual(['POST', '/v1/traces', 'Bearer x', 'application/json', '7']);
});

it.each([
  ['no answer', () => undefined],
  [
    'half an answer',
    ((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-length': '10' }).write('{');
    }) satisfies RequestListener,
  ],
] as const)('gives up after its time with %s', async (_what, reply) => {
  handler = reply;
  await expect(ask(100)).rejects.toMatchObject({ code: 'TIMEOUT' });
});

it('does not read an answer without end', async () => {
  handler = (request, response) => {
    request.resume();
    response.writeHead(200);
    const more = (): void => {
      if (!response.destroyed && response.write(Buffer.alloc(16_384))) setImmediate(more);
    };
    response.on('drain', more);
    more();
  };
  expect(await ask()).toEqual({ status: 200, retryAfter: undefined, body: '' });
});

it('says by a code why there was no answer', async () => {
  await expect(ask(5_000, await freePort())).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  handler = (request) => request.socket.resetAndDestroy();
  await expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET' });
});
