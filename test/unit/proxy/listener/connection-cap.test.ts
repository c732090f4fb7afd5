import { ConnectionCap } from '../../../../src/proxy/listener/connection-cap.js';

const listener = (openConnections: number) => ({
  openConnections,
  limit: 0,
  limitConnections(maxConnections: number) {
    this.limit = maxConnections;
  },
});

describe('the connection cap', () => {
  it('is shared by the listeners of a worker', () => {
    const cap = new ConnectionCap(10, { freeDescriptors: Infinity });
    const [one, other] = [listener(3), listener(2)];
    cap.join(one);
    cap.join(other);
    expect([one.limit, other.limit, cap.reason]).toEqual([8, 7, 'cap']);
  });

  it('gives way to what descriptors are left, and says so', () => {
    const overload = { freeDescriptors: 1 };
    const cap = new ConnectionCap(10, overload);
    const only = listener(4);
    cap.join(only);
    expect([only.limit, cap.reason]).toEqual([5, 'overload']);
    overload.freeDescriptors = 0;
    cap.update();
    expect(only.limit).toBe(4);
    overload.freeDescriptors = 100;
    cap.update();
    expect([only.limit, cap.reason]).toEqual([10, 'cap']);
  });
});
