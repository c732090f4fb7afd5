/** Which keys a person wrote: what is left out has its default. */
import { writtenKeys } from '../../../src/config/compile/written-keys.js';

describe('the keys that were written', () => {
  it('are known by the name of what they belong to', () => {
    expect(
      writtenKeys({
        listeners: [{ name: 'edge', limits: { head: '8KiB' } }, { name: 'plain' }],
        routes: [
          { name: 'a', timeouts: { request: '1s', idle: '2s' }, retry: false, filters: [] },
          { name: 'b', match: { path: '/' } },
        ],
        upstreams: { app: { timeouts: { connect: '1s' }, pool: {} }, other: null },
      }),
    ).toEqual({
      listeners: { edge: ['limits.head'] },
      routes: { a: ['timeouts.request', 'timeouts.idle', 'retry', 'filters'] },
      upstreams: { app: ['timeouts.connect'] },
    });
  });

  it('are none where nothing of the kind is there', () => {
    expect(writtenKeys({ routes: 'x', upstreams: [] })).toEqual({ listeners: {}, routes: {}, upstreams: {} });
  });
});
