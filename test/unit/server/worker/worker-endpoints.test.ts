import type { UpstreamEndpoints } from '../../../../src/contracts/endpoint-feed.js';
import { WorkerEndpoints } from '../../../../src/server/worker/worker-endpoints.js';

const state = (panic: boolean): UpstreamEndpoints => ({ upstream: 'main', panic, endpoints: [] });

describe("the worker's copy of the endpoints", () => {
  it('is told to the upstreams of its snapshot, and to no others', () => {
    const endpoints = new WorkerEndpoints(() => undefined);
    endpoints.store({ version: 1, upstreams: [state(false)] });
    const feed = endpoints.feedFor(1);
    expect(feed.current('main')).toEqual(state(false));
    expect(feed.current('other')).toBeUndefined();
    const heard: boolean[] = [];
    const unfollow = feed.follow('main', ({ panic }) => heard.push(panic));
    endpoints.store({ version: 2, upstreams: [state(true)] });
    expect(heard).toEqual([]);
    endpoints.store({ version: 1, upstreams: [state(true)] });
    expect(heard).toEqual([true]);
    unfollow();
    endpoints.store({ version: 1, upstreams: [state(false)] });
    expect(heard).toEqual([true]);
  });

  it('goes on for the snapshot that serves, however many others were prepared and dropped', () => {
    const endpoints = new WorkerEndpoints(() => undefined);
    endpoints.store({ version: 1, upstreams: [state(false)] });
    const heard: boolean[] = [];
    endpoints.feedFor(1).follow('main', ({ panic }) => heard.push(panic));
    for (let version = 2; version < 10; version += 1) {
      endpoints.store({ version, upstreams: [state(false)] });
      endpoints.feedFor(version).follow('main', () => undefined)();
    }
    endpoints.store({ version: 1, upstreams: [state(true)] });
    expect(heard).toEqual([true]);
  });

  it('says of which snapshot an outcome is', () => {
    const told: number[] = [];
    const endpoints = new WorkerEndpoints((version) => told.push(version));
    const outcome = { upstream: 'main', endpoint: 'a', served: true, failures: 0, reason: '' };
    endpoints.feedFor(7).report(outcome);
    expect(told).toEqual([7]);
  });
});
