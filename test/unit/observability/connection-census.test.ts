import { ConnectionCensus, sumEndpoints, sumHeld } from '../../../src/observability/connection-census.js';

const endpoint = (open: number) => ({
  ...{ upstream: 'users', endpoint: '10.0.0.1:80', open, connecting: 0, idle: open, active: 0 },
  ...{ tunnels: 0, exchanges: 0, waiting: 1 },
});

/** What one worker says: two listeners, and clients with so many connections. */
const worker = (clients: Readonly<Record<string, number>>, maxClients = 10) => {
  const census = new ConnectionCensus();
  census.addListener('edge');
  census.addListener('plain');
  for (const [client, count] of Object.entries(clients))
    for (let index = 0; index < count; index += 1)
      census.addConnection(index % 2 === 0 ? 'edge' : 'plain', { client, state: 'idle', ageMs: 10 * count });
  census.addEndpoint(endpoint(2));
  census.addEndpoint(endpoint(1));
  return census.result(maxClients);
};

describe('ConnectionCensus', () => {
  it('puts several workers together, the holders of most first', () => {
    const census = new ConnectionCensus();
    census.addWorker(worker({ a: 3, b: 1 }));
    census.addWorker(worker({ b: 4 }));
    const { clients, clientCount, listeners, endpoints } = census.result(1);
    expect(clients).toEqual([
      {
        ...{ client: 'b', open: 5, handshaking: 0, idle: 5, active: 0, tunnels: 0, oldestAgeMs: 40 },
        listeners: ['edge', 'plain'],
      },
    ]);
    expect(clientCount).toBe(2);
    expect(listeners.map(({ listener, open }) => [listener, open])).toEqual([
      ['edge', 5],
      ['plain', 3],
    ]);
    expect(sumHeld(listeners)).toMatchObject({ open: 8, idle: 8, oldestAgeMs: 40 });
    expect(endpoints).toEqual([{ ...endpoint(6), waiting: 4 }]);
    expect(sumEndpoints(endpoints)).toMatchObject({ open: 6, idle: 6, waiting: 4 });
  });

  it('names no more clients than it may, and counts them all', () => {
    expect(worker({ a: 1, b: 2, c: 3 }, 2)).toMatchObject({
      clients: [{ client: 'c' }, { client: 'b' }],
      clientCount: 3,
    });
  });
});
