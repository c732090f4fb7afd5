/** Whether all is well, and why not. */
import type { StatusDocument } from '../../../../src/contracts/status.js';
import type { StatusChange } from '../../../../src/observability/status/change.js';
import { judge } from '../../../../src/observability/status/verdict.js';
import { statusDocument, worker } from '../../../support/status-document.js';

const lately = (requests: number, failed: number): StatusChange => ({
  seconds: 10,
  requests,
  failed,
  requestsPerSecond: requests / 10,
  byClass: {},
  outcomes: [],
  latency: undefined,
  requestBytesPerSecond: 0,
  responseBytesPerSecond: 0,
});

const upstream = (available: number, total: number, { panic = false, failing = 0 } = {}) => [
  { name: 'users', available, failing, total, panic, endpoints: [] },
];

const withPhase = (phase: 'starting' | 'draining') =>
  statusDocument({ instance: { ...statusDocument().instance, phase } });

const withReload = (outcome: string) =>
  statusDocument({
    config: {
      ...statusDocument().config,
      lastReload: { at: '2026-01-01T00:00:00.000Z', outcome, problems: [], needRestart: [] },
    },
  });

type Case = readonly [
  what: string,
  document: StatusDocument,
  change: StatusChange | undefined,
  level: string,
  reason: RegExp,
];

const overloaded = (level: number) =>
  statusDocument({ workers: [worker({ overload: { level, pressure: { fds: 0.2, memory: 0.97 } } })] });

const certificate = (daysLeft: number) =>
  statusDocument({ certificates: [{ listener: 'edge', certificate: 'edge.pem', daysLeft }] });

const CASES: readonly Case[] = [
  ['no worker is ready', withPhase('starting'), undefined, 'bad', /no worker is ready/],
  ['the instance drains', withPhase('draining'), undefined, 'warning', /draining/],
  [
    'an upstream has no endpoint left',
    statusDocument({ upstreams: upstream(0, 3) }),
    undefined,
    'bad',
    /users: none of 3 endpoints/,
  ],
  [
    'an upstream has no endpoint at all',
    statusDocument({ upstreams: upstream(0, 0) }),
    undefined,
    'bad',
    /users has no endpoint/,
  ],
  [
    'an upstream is in panic',
    statusDocument({ upstreams: upstream(1, 3, { panic: true }) }),
    undefined,
    'bad',
    /users uses endpoints that failed/,
  ],
  [
    'an endpoint is out of use',
    statusDocument({ upstreams: upstream(2, 3) }),
    undefined,
    'warning',
    /users: 1 of 3 endpoints out of use/,
  ],
  [
    'an endpoint in use fails',
    statusDocument({ upstreams: upstream(3, 3, { failing: 1 }) }),
    undefined,
    'warning',
    /users: 1 endpoint in use, but failing/,
  ],
  [
    'every endpoint in use fails',
    statusDocument({ upstreams: upstream(1, 3, { failing: 1 }) }),
    undefined,
    'bad',
    /users: every endpoint in use fails its requests/,
  ],
  [
    'one request in a hundred fails',
    statusDocument(),
    lately(1000, 10),
    'warning',
    /^1\.0 % of the requests of the last 10 s failed/,
  ],
  ['one request in ten fails', statusDocument(), lately(100, 10), 'bad', /^10 %/],
  [
    'a worker is restarting',
    statusDocument({ workers: [worker(), worker({ worker: 2, phase: 'restarting' })] }),
    undefined,
    'warning',
    /worker 2 is restarting/,
  ],
  [
    'a worker does not answer',
    statusDocument({ workers: [worker({ silentSeconds: 7 })] }),
    undefined,
    'bad',
    /worker 1 has not answered for 7 s/,
  ],
  [
    'an event loop is late',
    statusDocument({ workers: [worker({ loopDelaySeconds: { p50: 0, p90: 0, p99: 0.4 } })] }),
    undefined,
    'warning',
    /worker 1 is held up.*400 ms/,
  ],
  [
    'a worker ends keep-alive',
    overloaded(2),
    undefined,
    'warning',
    /not kept alive \(worker 1: memory 97 %\)/,
  ],
  ['a worker sheds', overloaded(3), undefined, 'bad', /new requests are refused \(worker 1: memory 97 %\)/],
  ['a certificate expires soon', certificate(3.7), undefined, 'warning', /edge\.pem expires in 3 days/],
  ['a certificate has expired', certificate(-0.1), undefined, 'bad', /edge\.pem has expired/],
  ['the last reload was rejected', withReload('rejected'), undefined, 'warning', /last reload was rejected/],
];

describe('the verdict', () => {
  it.each(CASES.map(([what, ...rest]) => [what, rest] as const))('is not good when %s', (_what, given) => {
    const [document, change, level, reason] = given;
    const verdict = judge(document, change);
    expect(verdict.level).toBe(level);
    expect(verdict.reasons.map(({ text }) => text)).toEqual([expect.stringMatching(reason) as string]);
  });

  it.each([
    ['nothing is wrong', statusDocument(), undefined],
    ['a single request of a thousand fails', statusDocument(), lately(1001, 1)],
    ['there is no traffic', statusDocument(), lately(0, 0)],
    ['a worker leaves', statusDocument({ workers: [worker(), worker({ phase: 'draining' })] }), undefined],
    ['a reload was applied', withReload('applied'), undefined],
    ['a certificate is good for months', certificate(80), undefined],
  ])('is good when %s', (_what, document, change) => {
    expect(judge(document, change)).toEqual({ level: 'good', reasons: [] });
  });

  it('does not call a few failures in little traffic bad', () => {
    expect(judge(statusDocument(), lately(4, 2)).level).toBe('warning');
  });

  it('names the worst first', () => {
    const document = statusDocument({
      upstreams: [...upstream(2, 3), ...upstream(0, 1)],
      workers: [worker({ phase: 'starting' })],
    });
    expect(judge(document, undefined).reasons.map(({ level }) => level)).toEqual([
      'bad',
      'warning',
      'warning',
    ]);
  });
});
