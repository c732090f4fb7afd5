import { createServer as createHttp2Server } from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import type { HealthProbeConfig } from '../../../../../src/contracts/upstream-config.js';
import { startProbe } from '../../../../../src/server/primary/endpoints/probes/index.js';
import type { ProbeTarget } from '../../../../../src/server/primary/endpoints/probes/probe.js';
import { startHttpUpstream, startUpstream, type TestUpstream } from '../../../../support/index.js';

const HTTP: HealthProbeConfig = {
  kind: 'http',
  method: 'GET',
  path: '/healthz',
  host: undefined,
  expect: [[200, 204]],
};

const target = (port: number, more: Partial<ProbeTarget> = {}): ProbeTarget => ({
  endpoint: { scheme: 'http', host: '127.0.0.1', port, weight: 1 },
  port,
  tls: { verify: true, caPem: undefined, serverName: undefined },
  timeoutMs: 2_000,
  http2: false,
  ...more,
});

describe('a check over HTTP', () => {
  let upstream: TestUpstream | undefined;
  afterEach(() => upstream?.close());

  it('judges the status, whatever the body, and leaves no socket', async () => {
    let status = 200;
    upstream = await startHttpUpstream((_request, response) => {
      // The body never ends.
      response.writeHead(status).write('x');
    });
    const verdict = () => startProbe(target(upstream!.port), HTTP).result;
    expect(await verdict()).toEqual({ passed: true, detail: '200' });
    status = 301;
    expect(await verdict()).toEqual({ passed: false, detail: '301' });
    await upstream.whenOpenSockets(0);
    expect(upstream.acceptedSockets).toBe(2);
  });

  it('fails for what is no HTTP, for a head without end, and for silence', async () => {
    const answers = ['SSH-2.0-x\r\n', `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(20_000)}`, ''];
    upstream = await startUpstream((socket) => {
      socket.on('data', () => socket.write(answers[0]!));
      socket.on('end', () => socket.end());
    });
    const verdict = () => startProbe(target(upstream!.port, { timeoutMs: 300 }), HTTP).result;
    expect(await verdict()).toEqual({ passed: false, detail: 'HPE_INVALID_CONSTANT' });
    answers.shift();
    expect(await verdict()).toEqual({ passed: false, detail: 'HPE_HEADER_OVERFLOW' });
    answers.shift();
    expect(await verdict()).toEqual({ passed: false, detail: 'timeout' });
    await upstream.whenOpenSockets(0);
  });

  it('ends at once when it is cancelled', async () => {
    upstream = await startUpstream((socket) => void socket.resume().on('end', () => socket.end()));
    const probe = startProbe(target(upstream.port, { timeoutMs: 60_000 }), HTTP);
    probe.cancel();
    expect(await probe.result).toEqual({ passed: false, detail: 'cancelled' });
    await upstream.whenOpenSockets(0);
  });

  it('fails with the errno of the connection', async () => {
    upstream = await startHttpUpstream();
    const { port } = upstream;
    await upstream.refuse();
    for (const config of [HTTP, { kind: 'tcp' }, { kind: 'grpc', service: '' }] as const)
      expect(await startProbe(target(port), config).result).toEqual({
        passed: false,
        detail: 'ECONNREFUSED',
      });
  });
});

describe('a check over HTTP/2', () => {
  it('asks as it would over HTTP/1.1', async () => {
    const asked: unknown[] = [];
    const server = createHttp2Server((request, response) => {
      asked.push([request.method, request.url, request.authority]);
      response.writeHead(request.url === '/healthz' ? 204 : 500).end('x');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = (server as unknown as Server).address() as AddressInfo;
    const over = target(port, { http2: true });
    expect(await startProbe(over, HTTP).result).toEqual({ passed: true, detail: '204' });
    expect(await startProbe(over, { ...HTTP, path: '/no', host: 'a.test' }).result).toEqual({
      passed: false,
      detail: '500',
    });
    expect(asked).toEqual([
      ['GET', '/healthz', `127.0.0.1:${String(port)}`],
      ['GET', '/no', 'a.test'],
    ]);
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
});
