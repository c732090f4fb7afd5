/** Owns the row of figures: rate, failures, latency, what is open now. */
import type { StatusDocument } from '../../src/contracts/status.js';
import { failedShare } from '../../src/observability/status/change.js';
import type { StatusChange } from '../../src/observability/status/change.js';
import { showBytes, showLatency, showNumber, showShare } from '../../src/observability/status/format.js';
import { BAD_SHARE } from '../../src/observability/status/verdict.js';
import { byId } from '../dom.js';
import { Facts } from '../facts.js';
import type { Fact } from '../facts.js';

const NONE = '–';

export class FiguresSection {
  readonly #facts = new Facts(byId('figures'));

  /** `latest`: since the document before; `lately`: over some seconds, steadier. */
  update({ now }: StatusDocument, latest: StatusChange | undefined, lately: StatusChange | undefined): void {
    this.#facts.update([
      { name: 'Requests', value: rate(latest?.requestsPerSecond), detail: '/ s' },
      failures(lately),
      latency('p50', lately),
      latency('p90', lately),
      latency('p99', lately),
      { name: 'In flight', value: showNumber(now.exchanges) },
      { name: 'Client sockets', value: showNumber(now.sockets.downstream) },
      { name: 'Upstream sockets', value: showNumber(now.sockets.upstream) },
      {
        name: 'Bodies sent',
        value: lately === undefined ? NONE : showBytes(lately.responseBytesPerSecond),
        detail: '/ s',
        title: 'of exchanges that ended in the last 10 seconds',
      },
    ]);
  }
}

const rate = (perSecond: number | undefined): string =>
  perSecond === undefined ? NONE : showNumber(perSecond);

const failures = (lately: StatusChange | undefined): Fact => {
  const [name, title] = ['Failed', 'answered 5xx or broken off by the upstream or Torus, last 10 seconds'];
  if (lately === undefined) return { name, title, value: NONE };
  const share = failedShare(lately);
  const level = share === 0 ? '' : share < BAD_SHARE ? 'warning' : 'bad';
  return { name, title, level, value: showShare(share), detail: `${showNumber(lately.failed)} in 10 s` };
};

const latency = (name: 'p50' | 'p90' | 'p99', lately: StatusChange | undefined): Fact => ({
  name: `Latency ${name}`,
  value: lately?.latency === undefined ? NONE : showLatency(lately.latency[name]),
  title: 'from the request head to the end of the response, last 10 seconds',
});
