import type { ConfigSnapshot } from '../../../../src/contracts/config.js';
import { BoundPorts } from '../../../../src/server/primary/bound-ports.js';

const bound = (port: number) => [{ name: 'edge', host: '127.0.0.1', port, tls: true }];

const anyPort = { listeners: [{ name: 'edge', port: 0 }] } as unknown as ConfigSnapshot;

describe('BoundPorts', () => {
  it('lets a replacement share the socket of a survivor, and ask for the number itself when there is none', () => {
    const ports = new BoundPorts('shared');
    expect(ports.modeFor([])).toBe('configured');
    ports.remember(bound(41000));
    expect(ports.modeFor(['configured'])).toBe('configured');
    expect(ports.modeFor([])).toBe('remembered');
    expect(ports.modeFor(['remembered'])).toBe('remembered');
  });
  it('notices a worker that ended up on another port', () => {
    const ports = new BoundPorts('shared');
    expect(ports.remember(bound(41000))).toBe(true);
    expect(ports.remember(bound(41000))).toBe(true);
    expect(ports.remember(bound(41001))).toBe(false);
  });
  it('lets one worker find the ports when each has a socket of its own, and tells the others its numbers', () => {
    const ports = new BoundPorts('reuse-port');
    expect([ports.mustWait(anyPort, false), ports.modeFor([])]).toEqual([false, 'configured']);
    expect(ports.mustWait(anyPort, true)).toBe(true);
    ports.remember(bound(41000));
    expect([ports.mustWait(anyPort, true), ports.modeFor(['configured'])]).toEqual([false, 'remembered']);
    expect(ports.apply(anyPort, 'remembered').listeners).toEqual([{ name: 'edge', port: 41000 }]);
  });
  it.each([
    ['the port is fixed', 'reuse-port', 8443],
    ['the socket is shared', 'shared', 0],
  ] as const)('lets nobody wait when %s', (_, accept, port) => {
    const snapshot = { listeners: [{ name: 'edge', port }] } as unknown as ConfigSnapshot;
    expect(new BoundPorts(accept).mustWait(snapshot, true)).toBe(false);
  });
});
