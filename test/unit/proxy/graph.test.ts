import type { Forwarder } from '../../../src/contracts/forwarder.js';
import type { CompiledRoute, Router } from '../../../src/contracts/router.js';
import { compileIpSet } from '../../../src/http/ip-set.js';
import { Graph } from '../../../src/proxy/graph.js';

const arrange = () => {
  let disposals = 0;
  const graph = new Graph({
    router: {} as Router<CompiledRoute>,
    forwarder: {} as Forwarder,
    requestIdField: 'x-request-id',
    proxyName: 'torus',
    trusted: compileIpSet([]),
    owned: [{ dispose: () => (disposals += 1) }, {}],
  });
  return { graph, disposals: () => disposals };
};

describe('Graph', () => {
  it('is disposed of when its last exchange ends after it was retired', () => {
    const { graph, disposals } = arrange();
    graph.enter();
    graph.enter();
    graph.leave();
    graph.retire();
    expect(disposals()).toBe(0);
    graph.leave();
    expect(disposals()).toBe(1);
  });
  it('is disposed of at once when it is retired without an exchange', () => {
    const { graph, disposals } = arrange();
    graph.retire();
    expect(disposals()).toBe(1);
  });
  it('stays while it serves, however often it runs empty', () => {
    const { graph, disposals } = arrange();
    graph.enter();
    graph.leave();
    expect(disposals()).toBe(0);
  });
  it('is disposed of once only', () => {
    const { graph, disposals } = arrange();
    graph.dispose();
    graph.retire();
    expect(disposals()).toBe(1);
  });
});
