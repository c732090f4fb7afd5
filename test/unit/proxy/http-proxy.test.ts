import { PassThrough } from 'node:stream';
import type { Cause } from '../../../src/contracts/cause.js';
import type { DownstreamObserver, DownstreamStream } from '../../../src/contracts/downstream.js';
import type { Exchange } from '../../../src/contracts/exchange.js';
import type { Filter } from '../../../src/contracts/filter.js';
import type { ForwardJob, ForwardOwner } from '../../../src/contracts/forwarder.js';
import type { Body, BodyStream, ResponseHead } from '../../../src/contracts/message.js';
import type { Overload } from '../../../src/contracts/overload.js';
import type { CompiledRoute } from '../../../src/contracts/router.js';
import type { Telemetry } from '../../../src/contracts/telemetry.js';
import { compileIpSet } from '../../../src/http/ip-set.js';
import { bodyRulesOf } from '../../../src/proxy/body-rules.js';
import { Graph } from '../../../src/proxy/graph.js';
import { HttpProxy } from '../../../src/proxy/http-proxy.js';
import { RequestIds } from '../../../src/proxy/request-id.js';
import { TimerWheel } from '../../../src/proxy/timer-wheel.js';
import { CALM } from '../../support/calm-overload.js';
import { FakeFields, fakeHead, fakeRoute } from '../../support/fake-exchange.js';

/** A client that takes every answer at once. */
class FakeDownstream implements DownstreamStream {
  readonly head = fakeHead({ expectsContinue: true });
  readonly client = {
    address: '192.0.2.1',
    peerAddress: '192.0.2.1',
    peerPort: 1,
    trusted: false,
    listener: 'edge',
    tls: true,
  };
  readonly body: Body;
  requestBytes = 0;
  isGone = false;
  isFaulty = false;
  observer: DownstreamObserver | undefined;
  readonly sent: { status: number; body: string; fields: Record<string, string> }[] = [];
  readonly interim: number[] = [];
  aborted = 0;
  limit = Infinity;

  constructor(body: Body = { kind: 'none' }) {
    this.body = body;
    if (body.kind === 'complete') this.requestBytes = body.bytes.length;
  }

  observe(observer: DownstreamObserver): void {
    this.observer = observer;
  }
  limitRequestBody(maxBytes: number): void {
    this.limit = maxBytes;
  }
  relaxRequestPace(): void {
    // Nothing arrives here.
  }
  sendInterim(head: ResponseHead): void {
    this.interim.push(head.status);
  }
  sendComplete(head: ResponseHead, body: Buffer | undefined): void {
    const fields = Object.fromEntries(head.fields.entries());
    this.sent.push({ status: head.status, body: body?.toString() ?? '', fields });
    this.observer?.onDownstreamFinished();
  }
  sendStreaming(): never {
    throw new Error('not in these tests');
  }
  switchProtocols(): never {
    throw new Error('not in these tests');
  }
  abort(): void {
    this.aborted += 1;
  }
  discardRequestBody(): void {
    // Nothing arrives here.
  }
}

interface World {
  readonly proxy: HttpProxy;
  readonly completed: Exchange[];
  readonly jobs: { job: ForwardJob; owner: ForwardOwner; cancelled: boolean }[];
  readonly timers: TimerWheel;
  /** Resources that requests were shed for. */
  readonly shed: string[];
}

function world(filters: readonly Filter[], options: { matched?: boolean; overload?: Overload } = {}): World {
  const completed: Exchange[] = [];
  const jobs: World['jobs'] = [];
  const shed: string[] = [];
  const timers = new TimerWheel(50, () => 0);
  const config = fakeRoute('r');
  const upstream = {
    name: 'u',
    hasOtherThan: () => true,
    mayRefuse: false,
    limiter: undefined,
    retryBudget: { take: () => true, give: () => undefined },
    checkout: () => ({ cancel: () => undefined }),
    reportResponse: () => undefined,
    reportFailure: () => undefined,
    markResponse: () => undefined,
    explain: () => {
      throw new Error('nobody asks');
    },
    dispose: () => undefined,
  };
  const bodyRules = bodyRulesOf(filters);
  const target: CompiledRoute = {
    name: config.name,
    config,
    filters,
    bodyRules,
    upstream,
    split: undefined,
    mirror: undefined,
    rewritePath: undefined,
  };
  const graph = new Graph({
    router: {
      match: () => (options.matched === false ? { kind: 'not-found' } : { kind: 'matched', target }),
    },
    forwarder: {
      forward: (job, owner) => {
        const entry = { job, owner, cancelled: false };
        jobs.push(entry);
        return {
          cancel: () => {
            entry.cancelled = true;
          },
          expire: () => undefined,
        };
      },
    },
    requestIdField: 'x-request-id',
    proxyName: 'torus',
    trusted: compileIpSet([]),
    owned: [],
  });
  const telemetry = {
    exchangeStarted: () => undefined,
    exchangeCompleted: (exchange: Exchange) => completed.push(exchange),
    requestShed: (resource: string) => shed.push(resource),
  } as unknown as Telemetry;
  return {
    proxy: new HttpProxy({
      graph,
      telemetry,
      timers,
      requestIds: new RequestIds(),
      overload: options.overload ?? CALM,
    }),
    completed,
    jobs,
    shed,
    timers,
  };
}

const worlds: World[] = [];
const serve = (filters: readonly Filter[], body?: Body): World & { downstream: FakeDownstream } => {
  const made = world(filters);
  worlds.push(made);
  const downstream = new FakeDownstream(body);
  made.proxy.handle(downstream);
  return { ...made, downstream };
};
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const causeOf = (made: World): (Cause | undefined)[] => made.completed.map(({ cause }) => cause);

afterEach(() => {
  for (const made of worlds.splice(0)) made.timers.dispose();
});

describe('HttpProxy', () => {
  it('sheds before any filter has heard of the request', () => {
    const heard: string[] = [];
    const filter: Filter = {
      name: 'listening',
      onRequest: () => {
        heard.push('request');
        return undefined;
      },
      onComplete: () => void heard.push('complete'),
    };
    const made = world([filter], { overload: { ...CALM, shed: true, shedBy: 'memory', retryAfter: '7' } });
    worlds.push(made);
    const downstream = new FakeDownstream();
    made.proxy.handle(downstream);
    expect(downstream.sent).toMatchObject([{ status: 503, fields: { 'retry-after': '7' } }]);
    expect(made.completed.map(({ cause, detail, route }) => [cause, detail, route?.name])).toEqual([
      ['internal.overload.shed', 'memory', 'r'],
    ]);
    expect([heard, made.jobs, made.shed]).toEqual([[], [], ['memory']]);
  });

  it('runs the filters in order on the way in, without a promise while none is needed', () => {
    const order: string[] = [];
    const filter = (name: string): Filter => ({
      name,
      onRequest: (_exchange, fields) => {
        order.push(name);
        fields.set('x-seen-by', name);
        return undefined;
      },
    });
    const { jobs } = serve([filter('a'), filter('b')]);
    expect(order).toEqual(['a', 'b']);
    expect(jobs[0]?.job.fields.get('x-seen-by')).toBe('b');
    expect(jobs[0]?.job.downstream.head.fields.has('x-seen-by')).toBe(false);
  });

  it.each<[string, Filter[]]>([
    ['', []],
    [' once the filters have had their say', [{ name: 'seen', onRequest: () => undefined }]],
    [' and no filter waits for it', [{ name: 'reader', onRequestBody: () => undefined }]],
  ])('a request whose body is at fault already goes nowhere%s', (_title, filters) => {
    const made = world(filters);
    worlds.push(made);
    const downstream = new FakeDownstream({
      kind: 'stream',
      stream: Object.assign(new PassThrough(), { trailers: undefined }),
    });
    downstream.isFaulty = true;
    made.proxy.handle(downstream);
    expect([made.jobs, downstream.interim]).toEqual([[], []]);
    downstream.observer?.onDownstreamFailure('downstream.body.malformed', 'chunk-size');
    expect(downstream.sent).toMatchObject([{ status: 400 }]);
    expect(causeOf(made)).toEqual(['downstream.body.malformed']);
  });

  it('runs the response filters backwards, before the head is written', () => {
    const order: string[] = [];
    const filter = (name: string): Filter => ({ name, onResponse: () => order.push(name) });
    const { jobs } = serve([filter('a'), filter('b')]);
    const fields = new FakeFields();
    jobs[0]?.owner.onResponseHead({ status: 200, reason: 'OK', fields, framing: 'none', contentLength: -1 });
    expect(order).toEqual(['b', 'a']);
  });

  it('lets a filter answer: nothing goes upstream, and the exchange ends once with its cause', () => {
    const completions: string[] = [];
    const stop: Filter = {
      name: 'stop',
      onRequest: () => ({ status: 403, cause: 'downstream.filter.forbidden' }),
      onComplete: (exchange) => completions.push(exchange.cause ?? ''),
    };
    const made = serve([stop]);
    expect(made.jobs).toEqual([]);
    expect(made.downstream.sent).toMatchObject([{ status: 403 }]);
    expect(JSON.parse(made.downstream.sent[0]?.body ?? '')).toMatchObject({
      cause: 'downstream.filter.forbidden',
    });
    expect(causeOf(made)).toEqual(['downstream.filter.forbidden']);
    expect(completions).toEqual(['downstream.filter.forbidden']);
  });

  it('waits for an asynchronous filter and then goes on with the next', async () => {
    const order: string[] = [];
    const slow: Filter = {
      name: 'slow',
      onRequest: async () => {
        await settled();
        order.push('slow');
        return undefined;
      },
    };
    const fast: Filter = {
      name: 'fast',
      onRequest: () => {
        order.push('fast');
        return undefined;
      },
    };
    const { jobs } = serve([slow, fast]);
    expect(jobs).toEqual([]);
    await settled();
    await settled();
    expect(order).toEqual(['slow', 'fast']);
    expect(jobs).toHaveLength(1);
  });

  it('does not forward when the client left while a filter was thinking', async () => {
    const slow: Filter = { name: 'slow', onRequest: () => settled().then(() => undefined) };
    const made = serve([slow]);
    made.downstream.observer?.onDownstreamFailure('downstream.wait.aborted', 'fin');
    await settled();
    await settled();
    expect(made.jobs).toEqual([]);
    expect(causeOf(made)).toEqual(['downstream.wait.aborted']);
    expect(made.downstream.aborted).toBe(1);
  });

  it.each<[string, Filter]>([
    [
      'throws',
      {
        name: 'broken',
        onRequest: () => {
          throw new Error('secret detail');
        },
      },
    ],
    ['rejects', { name: 'broken', onRequest: () => Promise.reject(new Error('secret detail')) }],
  ])('answers 500 when a filter %s, and tells the client nothing of why', async (_how, filter) => {
    const made = serve([filter]);
    await settled();
    expect(made.downstream.sent).toMatchObject([{ status: 500 }]);
    expect(made.downstream.sent[0]?.body).not.toContain('secret');
    expect(causeOf(made)).toEqual(['internal.filter.failed']);
  });

  describe('with a filter that reads the body', () => {
    const seen: string[] = [];
    const reader = (limit: number): Filter => ({
      name: 'reader',
      requestBodyLimitBytes: limit,
      onRequestBody: (_exchange, body, fields) => {
        seen.push(body.toString());
        fields.set('x-length', String(body.length));
        return body.includes('bad') ? { status: 403, cause: 'downstream.filter.forbidden' } : undefined;
      },
    });
    const complete = (text: string): Body => ({
      kind: 'complete',
      bytes: Buffer.from(text),
      trailers: undefined,
    });
    const stream = (): { body: Body; source: PassThrough } => {
      const source = new PassThrough();
      return {
        source,
        body: { kind: 'stream', stream: Object.assign(source, { trailers: undefined }) },
      };
    };
    beforeEach(() => {
      seen.length = 0;
    });

    it('hands over the whole of it before anything goes upstream', async () => {
      const { source, body } = stream();
      const { jobs, downstream } = serve([reader(100)], body);
      source.write('one ');
      await settled();
      expect(jobs).toEqual([]);
      expect(downstream.interim).toEqual([100]);
      source.end('two');
      await settled();
      await settled();
      expect(seen).toEqual(['one two']);
      expect(jobs[0]?.job.fields.get('x-length')).toBe('7');
      expect(jobs[0]?.job.body).toMatchObject({ kind: 'complete', bytes: Buffer.from('one two') });
    });

    it('answers what the filter says of it', async () => {
      const made = serve([reader(100)], complete('bad'));
      await settled();
      expect(made.downstream.sent).toMatchObject([{ status: 403 }]);
      expect(made.jobs).toEqual([]);
    });

    it('answers 413 past the limit of the filter, streamed or not', async () => {
      const { source, body } = stream();
      const streamed = serve([reader(4)], body);
      source.write('12345');
      const whole = serve([reader(4)], complete('12345'));
      await settled();
      await settled();
      for (const made of [streamed, whole]) {
        expect(made.downstream.sent).toMatchObject([{ status: 413 }]);
        expect(causeOf(made)).toEqual(['downstream.filter.too-large']);
      }
      expect(seen).toEqual([]);
    });
  });

  it('limits a streamed body for a filter that only counts', () => {
    const stream = Object.assign(new PassThrough(), { trailers: undefined }) as BodyStream;
    const made = serve([{ name: 'limit', maxRequestBytes: 10 }], { kind: 'stream', stream });
    expect(made.downstream.limit).toBe(10);
    expect(made.jobs).toHaveLength(1);
    stream.destroy();
  });

  it('answers a failed forward locally, and breaks the connection once the response has begun', () => {
    const before = serve([]);
    before.jobs[0]?.owner.onForwardFailed('upstream.connect.refused', 'ECONNREFUSED');
    expect(before.downstream.sent).toMatchObject([{ status: 502 }]);
    expect(before.completed).toMatchObject([{ cause: 'upstream.connect.refused', detail: 'ECONNREFUSED' }]);

    const after = serve([]);
    const fields = new FakeFields();
    after.jobs[0]?.owner.onResponseHead({
      status: 200,
      reason: '',
      fields,
      framing: 'none',
      contentLength: -1,
    });
    after.downstream.observer?.onDownstreamFailure('downstream.response.aborted', 'ECONNRESET');
    expect(after.jobs[0]?.cancelled).toBe(true);
    expect(after.downstream).toMatchObject({ sent: [], aborted: 1 });
    expect(causeOf(after)).toEqual(['downstream.response.aborted']);
  });

  it('ends every exchange once, whatever comes after', () => {
    const made = serve([]);
    const { observer } = made.downstream;
    made.jobs[0]?.owner.onForwardFailed('upstream.head.timeout', undefined);
    made.jobs[0]?.owner.onForwardEnded('upstream.body.reset', undefined);
    observer?.onDownstreamFailure('downstream.response.aborted', undefined);
    observer?.onDownstreamFinished();
    expect(causeOf(made)).toEqual(['upstream.head.timeout']);
    expect(made.proxy.completedCount).toBe(1);
    expect(made.proxy.running.size).toBe(0);
  });

  it('answers 404 when no route matches, with the request id of the log', () => {
    const made = world([], { matched: false });
    worlds.push(made);
    const downstream = new FakeDownstream();
    made.proxy.handle(downstream);
    expect(downstream.sent[0]).toMatchObject({
      status: 404,
      fields: { 'x-request-id': made.completed[0]?.id },
    });
  });

  it('tells when the last exchange has ended', async () => {
    const made = serve([]);
    let idle = false;
    const waiting = made.proxy.whenIdle().then(() => {
      idle = true;
    });
    await settled();
    expect(idle).toBe(false);
    made.downstream.observer?.onDownstreamFinished();
    await waiting;
    expect(idle).toBe(true);
  });
});
