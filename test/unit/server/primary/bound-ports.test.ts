import type { ConfigSnapshot } from '../../../../src/contracts/config.js';
import { BoundPorts } from '../../../../src/server/primary/bound-ports.js';

const snapshotOf = (...listeners: { name: string; port: number; host?: string }[]) =>
  ({
    listeners: listeners.map((listener) => ({ host: '127.0.0.1', ...listener })),
  }) as unknown as ConfigSnapshot;

const arrange = () => {
  let next = 41_000;
  return new BoundPorts(() => Promise.resolve(next++));
};
const portsOf = (ports: BoundPorts, snapshot: ConfigSnapshot) =>
  ports.apply(snapshot).listeners.map(({ port }) => port);

describe('BoundPorts', () => {
  it('chooses once for each listener that asks for any, and leaves the others alone', async () => {
    const ports = arrange();
    const snapshot = snapshotOf({ name: 'a', port: 0 }, { name: 'b', port: 8443 }, { name: 'c', port: 0 });
    expect(ports.isSettled(snapshot)).toBe(false);
    await ports.settle(snapshot);
    await ports.settle(snapshot);
    expect(ports.isSettled(snapshot)).toBe(true);
    expect(portsOf(ports, snapshot)).toEqual([41_000, 8443, 41_001]);
  });
  it('keeps the number of a listener whose neighbours come and go, until it goes itself', async () => {
    const ports = arrange();
    await ports.settle(snapshotOf({ name: 'a', port: 0 }, { name: 'b', port: 0 }));
    const b = snapshotOf({ name: 'b', port: 0 });
    ports.retain(b);
    expect(portsOf(ports, b)).toEqual([41_001]);
    expect(ports.isSettled(snapshotOf({ name: 'a', port: 0 }))).toBe(false);
  });
  it('chooses anew for another host, and where the number was lost', async () => {
    const ports = arrange();
    const here = snapshotOf({ name: 'a', port: 0 });
    await ports.settle(here);
    expect(ports.isSettled(snapshotOf({ name: 'a', port: 0, host: '::1' }))).toBe(false);
    expect(ports.lost('a', here)).toBe(true);
    expect(ports.isSettled(here)).toBe(false);
    expect(ports.lost('b', snapshotOf({ name: 'b', port: 80 }))).toBe(false);
  });
  it('leaves 0 where no number can be had, so that the bind says why', async () => {
    const ports = new BoundPorts(() => Promise.resolve(undefined));
    const snapshot = snapshotOf({ name: 'a', port: 0 });
    await ports.settle(snapshot);
    expect(portsOf(ports, snapshot)).toEqual([0]);
  });
});
