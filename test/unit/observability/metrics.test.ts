import type { Exchange } from '../../../src/contracts/exchange.js';
import { WorkerMetrics } from '../../../src/observability/metrics.js';
import { endedExchange } from './access-log/ended-exchange.js';

const exchange = (request: object): Exchange => endedExchange({}, request);

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
