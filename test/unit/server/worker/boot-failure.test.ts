import type { ListenerConfig } from '../../../../src/contracts/config.js';
import { describeBootFailure } from '../../../../src/server/worker/boot-failure.js';

const listeners = [
  { name: 'edge', host: '0.0.0.0', port: 8443 },
  { name: 'low', host: '0.0.0.0', port: 80 },
] as ListenerConfig[];
const fail = (fields: object) =>
  describeBootFailure(listeners, Object.assign(new Error('bind'), fields)).problem;

describe('describeBootFailure', () => {
  it('names the listener whose port is in use', () =>
    expect(fail({ code: 'EADDRINUSE', listener: 'edge' })).toBe(
      'Listener edge cannot bind 0.0.0.0:8443: address already in use',
    ));
  it('names the one that the data plane was about to bind, not another at the same address', () =>
    expect(fail({ code: 'EACCES', address: '0.0.0.0', listener: 'low' })).toBe(
      'Listener low cannot bind 0.0.0.0:80: permission denied',
    ));
  it('passes on any other reason in one line', () => expect(fail({})).toBe('The worker cannot start: bind'));
});
