import { BoundPorts } from '../../../../src/server/primary/bound-ports.js';

const bound = (port: number) => [{ name: 'edge', host: '127.0.0.1', port, tls: true }];

describe('BoundPorts', () => {
  it('lets a replacement share the socket of a survivor, and ask for the number itself when there is none', () => {
    const ports = new BoundPorts();
    expect(ports.modeFor([])).toBe('configured');
    ports.remember(bound(41000));
    expect(ports.modeFor(['configured'])).toBe('configured');
    expect(ports.modeFor([])).toBe('remembered');
    expect(ports.modeFor(['remembered'])).toBe('remembered');
  });
  it('notices a worker that ended up on another port', () => {
    const ports = new BoundPorts();
    expect(ports.remember(bound(41000))).toBe(true);
    expect(ports.remember(bound(41000))).toBe(true);
    expect(ports.remember(bound(41001))).toBe(false);
  });
});
