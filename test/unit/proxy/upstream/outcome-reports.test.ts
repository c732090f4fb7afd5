import type { EndpointOutcome } from '../../../../src/contracts/endpoint-feed.js';
import { OutcomeReports, type WatchedEndpoint } from '../../../../src/proxy/upstream/outcome-reports.js';
import { TimerWheel } from '../../../../src/proxy/timer-wheel.js';

const arrange = () => {
  let nowMs = 0;
  const timers = new TimerWheel(50, () => nowMs);
  const told: EndpointOutcome[] = [];
  const counted: string[] = [];
  const reports = new OutcomeReports({
    upstream: 'main',
    threshold: 5,
    timers,
    telemetry: { endpointFailed: (...facts) => counted.push(facts.join(' ')) },
    feed: {
      current: () => undefined,
      follow: () => () => undefined,
      report: (outcome) => told.push(outcome),
    },
  });
  const endpoint: WatchedEndpoint = {
    key: 'a',
    label: 'a:80',
    outcome: { isWatched: false, isSuspect: false, served: false, failures: 0, reason: '' },
  };
  const tick = (): void => {
    nowMs += 100;
    timers.advance();
  };
  return { reports, endpoint, told, counted, tick, stop: () => timers.dispose() };
};

describe('what a worker tells of its endpoints', () => {
  it('is nothing for one that serves', () => {
    const { reports, endpoint, told, tick, stop } = arrange();
    for (let index = 0; index < 10; index += 1) reports.answered(endpoint, 200);
    tick();
    expect(told).toEqual([]);
    stop();
  });

  it('is its failures once a tick, and at once when there are enough in a row', () => {
    const { reports, endpoint, told, tick, stop } = arrange();
    reports.answered(endpoint, 502);
    reports.answered(endpoint, 503);
    expect(told).toEqual([]);
    tick();
    expect(told).toEqual([{ upstream: 'main', endpoint: 'a', served: false, failures: 2, reason: '503' }]);
    for (let index = 0; index < 5; index += 1) reports.attemptFailed(endpoint, 'upstream.connect.refused');
    expect(told[1]).toMatchObject({ failures: 5, reason: 'upstream.connect.refused' });
    // A thousand more before the next tick are one message.
    for (let index = 0; index < 1000; index += 1) reports.answered(endpoint, 500);
    expect(told).toHaveLength(2);
    tick();
    expect(told[2]).toMatchObject({ failures: 1000 });
    stop();
  });

  it('is what was served after a failure, and while the primary wants to know', () => {
    const { reports, endpoint, told, tick, stop } = arrange();
    reports.answered(endpoint, 500);
    reports.answered(endpoint, 200);
    reports.answered(endpoint, 500);
    tick();
    expect(told).toMatchObject([{ served: true, failures: 1 }]);
    reports.answered(endpoint, 200);
    tick();
    reports.answered(endpoint, 200);
    tick();
    expect(told.slice(1)).toMatchObject([{ served: true, failures: 0 }]);
    endpoint.outcome.isSuspect = true;
    endpoint.outcome.isWatched = true;
    reports.answered(endpoint, 404);
    tick();
    expect(told[2]).toMatchObject({ served: true, failures: 0 });
    stop();
  });

  it('is counted by endpoint and reason as it comes', () => {
    const { reports, endpoint, counted, stop } = arrange();
    reports.answered(endpoint, 503);
    reports.attemptFailed(endpoint, 'upstream.connect.refused');
    reports.answered(endpoint, 200);
    reports.attemptFailed(endpoint, 'upstream.queue.full');
    expect(counted).toEqual(['main a:80 5xx', 'main a:80 upstream.connect.refused']);
    stop();
  });

  it('leaves out what the endpoint is not to blame for', () => {
    const { reports, endpoint, told, tick, stop } = arrange();
    reports.attemptFailed(endpoint, 'upstream.queue.full');
    reports.attemptFailed(endpoint, 'upstream.limit.exceeded');
    reports.attemptFailed(endpoint, 'upstream.head.refused');
    reports.attemptFailed(endpoint, 'upstream.upgrade.unsupported');
    reports.attemptFailed(endpoint, 'upstream.body.reset');
    reports.attemptFailed(endpoint, 'upstream.tunnel.reset');
    reports.attemptFailed(endpoint, 'downstream.body.aborted');
    tick();
    expect(told).toEqual([]);
    stop();
  });

  it.each([
    ...(['upstream.connect.timeout', 'upstream.tls.failed', 'upstream.request.reset'] as const),
    ...(['upstream.attempt.timeout', 'upstream.head.closed', 'upstream.head.timeout'] as const),
  ])('counts %s', (cause) => {
    const { reports, endpoint, told, tick, stop } = arrange();
    reports.attemptFailed(endpoint, cause);
    tick();
    expect(told).toMatchObject([{ failures: 1, reason: cause }]);
    stop();
  });
});
