import type { Exchange } from '../../../src/contracts/exchange.js';
import { AccessLog } from '../../../src/observability/access-log.js';
import { WorkerMetrics } from '../../../src/observability/metrics.js';

const exchange = (request: object = {}): Exchange =>
  ({
    id: 'x1',
    request: {
      method: 'GET',
      host: 'h',
      path: '/a"b',
      query: '?token=hunter2',
      httpVersion: '1.1',
      fields: { get: () => 'ua\n' },
      ...request,
    },
    client: { address: '10.0.0.1', listener: 'edge' },
    route: { name: 'r' },
    status: 200,
    cause: 'ok',
    attempts: 1,
    reusedConnection: true,
    endpoint: 'e:1',
    upstream: 'u',
    requestBytes: 1,
    responseBytes: 2,
    durationMs: 1.23456,
    connectedAfterMs: -1,
    responseHeadAfterMs: 1,
  }) as unknown as Exchange;

const open = () => {
  const lines: string[] = [];
  const sink = {
    write: (line: string) => void lines.push(line),
    flush: () => Promise.resolve(),
    close: () => undefined,
    dropped: 0,
  };
  return { lines, log: new AccessLog({ sink, now: () => 5, pid: 9 }) };
};

describe('AccessLog', () => {
  it('writes one JSON line without the values of the query', () => {
    const { lines, log } = open();
    log.completed(exchange());
    expect(lines[0]).not.toContain('hunter2');
    expect(JSON.parse(lines[0]!)).toMatchObject({
      msg: 'access',
      time: 5,
      path: '/a"b',
      query: true,
      userAgent: 'ua\n',
      durationMs: 1.235,
    });
    expect(JSON.parse(lines[0]!)).not.toHaveProperty('connectMs');
  });
  it('logs requests that never became an exchange', () => {
    const { lines, log } = open();
    log.rejected({
      id: 'a-1',
      listener: 'edge',
      status: 400,
      cause: 'downstream.head.malformed',
      detail: undefined,
      client: '10.0.0.1',
    });
    expect(JSON.parse(lines[0]!)).toMatchObject({
      id: 'a-1',
      msg: 'access',
      status: 400,
      client: '10.0.0.1',
    });
  });
});

describe('WorkerMetrics', () => {
  it('bounds methods and statuses and balances sockets', () => {
    const metrics = new WorkerMetrics({
      accessLog: undefined,
      process: { read: () => ({ counters: {}, gauges: {} }), stop: () => undefined },
    });
    metrics.exchangeStarted();
    metrics.exchangeCompleted(exchange({ method: 'BREW' }));
    metrics.socketOpened('upstream', 'e:1');
    metrics.socketClosed('upstream', 'e:1', 'idle');
    const { counters, gauges } = metrics.snapshot();
    expect(counters['torus_http_requests_total']).toEqual([[['r', 'OTHER', '200', 'ok'], 1]]);
    expect(gauges['torus_sockets_open']).toEqual([[['upstream', 'e:1'], 0]]);
    expect(gauges['torus_http_exchanges_in_flight']).toEqual([[[], 0]]);
  });
});
