import type { FlowSource } from '../../../src/contracts/flow.js';
import type { Timers } from '../../../src/contracts/timers.js';
import { ExchangeFlow } from '../../../src/proxy/exchange-flow.js';

/** A clock that is set by hand, and a source whose bytes are. */
const arrange = () => {
  const clock = { nowMs: 1000 };
  const timers: Timers = {
    now: () => clock.nowMs,
    coarseNow: () => clock.nowMs,
    create: () => ({ arm: () => undefined, disarm: () => undefined, remainingMs: 0 }),
  };
  return { clock, flow: new ExchangeFlow(timers) };
};
const source = (bytes = 0): FlowSource & { readableLength: number } => ({ readableLength: bytes });

describe('ExchangeFlow', () => {
  it('adds up how long each side took nothing, up to this moment', () => {
    const { clock, flow } = arrange();
    const client = flow.toClient(source());
    client.onBlocked(10);
    clock.nowMs += 300;
    expect(flow.blockedNow()).toEqual({ side: 'client', forMs: 300 });
    expect(flow.blockedOnClientMs).toBe(300);
    client.onTaken();
    clock.nowMs += 500;
    expect([flow.blockedNow(), flow.blockedOnClientMs, flow.blockedOnUpstreamMs]).toEqual([
      undefined,
      300,
      0,
    ]);
    client.onBlocked(10);
    clock.nowMs += 200;
    client.onTaken();
    client.onTaken();
    expect(flow.blockedOnClientMs).toBe(500);
  });

  it('does not count waits that are turns of the event loop', () => {
    const { clock, flow } = arrange();
    const client = flow.toClient(source());
    for (let piece = 0; piece < 100; piece += 1) {
      client.onBlocked(10);
      clock.nowMs += 0.9;
      expect(flow.blockedNow()).toBeUndefined();
      client.onTaken();
    }
    expect(flow.blockedOnClientMs).toBe(0);
  });

  it('names the side that has been blocked for longer', () => {
    const { clock, flow } = arrange();
    const [client, upstream] = [flow.toClient(source()), flow.toUpstream(source())];
    upstream.onBlocked(1);
    clock.nowMs += 5;
    client.onBlocked(1);
    clock.nowMs += 5;
    expect(flow.blockedNow()).toEqual({ side: 'upstream', forMs: 10 });
    upstream.onTaken();
    expect(flow.blockedNow()).toEqual({ side: 'client', forMs: 5 });
  });

  it('remembers the most that waited at once, in both directions together', () => {
    const { flow } = arrange();
    const [response, request] = [source(), source()];
    const [client, upstream] = [flow.toClient(response), flow.toUpstream(request)];
    client.onBlocked(100);
    response.readableLength = 50;
    upstream.onBlocked(7);
    request.readableLength = 3;
    expect(flow.bufferedBytes).toBe(160);
    client.onTaken();
    upstream.onTaken();
    response.readableLength = request.readableLength = 0;
    expect([flow.bufferedBytes, flow.peakBufferedBytes]).toEqual([0, 160]);
  });

  it('goes on from one attempt to the next, and an attempt that is over adds nothing', () => {
    const { clock, flow } = arrange();
    const first = flow.toUpstream(source());
    first.onBlocked(10);
    clock.nowMs += 100;
    const second = flow.toUpstream(source());
    clock.nowMs += 100;
    first.onTaken();
    second.onBlocked(20);
    clock.nowMs += 40;
    first.onTaken();
    expect(flow.blockedNow()).toEqual({ side: 'upstream', forMs: 40 });
    flow.settle();
    clock.nowMs += 1000;
    expect([flow.blockedOnUpstreamMs, flow.blockedNow(), flow.peakBufferedBytes]).toEqual([
      140,
      undefined,
      20,
    ]);
  });

  it('counts what waited before anybody could take it', () => {
    const { flow } = arrange();
    flow.toUpstream({ readableLength: 1, waitingBytes: 4096 });
    expect(flow.peakBufferedBytes).toBe(4096);
  });
});
