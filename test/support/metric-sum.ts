/** Reads numbers out of a running Torus's `/metrics`. */
import type { RunningTorus } from './start-torus.js';
import { until } from './until.js';

export type MetricLabels = Readonly<Record<string, string>>;

/** Sum of the samples of one family in a Prometheus text, over the labels that are not given. 0 when there is none. */
export const sumOf = (text: string, name: string, labels: MetricLabels = {}): number => {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .filter((line) => wanted.every((pair) => line.includes(`{${pair}`) || line.includes(`,${pair}`)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
};

export const metricSum = async (
  torus: RunningTorus,
  name: string,
  labels: MetricLabels = {},
): Promise<number> => sumOf(await (await torus.admin('/metrics')).text(), name, labels);

export interface LedgerCounts {
  readonly inFlight: number;
  readonly downstream: number;
  readonly upstream: number;
  readonly opened: number;
  readonly closed: number;
}

/** What Torus itself believes to hold open. */
export const ledgerOf = async (torus: RunningTorus): Promise<LedgerCounts> => {
  const text = await (await torus.admin('/metrics')).text();
  return {
    inFlight: sumOf(text, 'torus_http_exchanges_in_flight'),
    downstream: sumOf(text, 'torus_sockets_open', { side: 'downstream' }),
    upstream: sumOf(text, 'torus_sockets_open', { side: 'upstream' }),
    opened: sumOf(text, 'torus_sockets_opened_total'),
    closed: sumOf(text, 'torus_sockets_closed_total'),
  };
};

/** Resolves when the ledger is empty: no exchange, no socket, as many closed as opened. */
export const whenNothingIsOpen = async (torus: RunningTorus, timeoutMs = 2_000): Promise<void> => {
  let last: LedgerCounts | undefined;
  try {
    await until(async () => {
      last = await ledgerOf(torus);
      return (
        last.inFlight === 0 && last.downstream === 0 && last.upstream === 0 && last.opened === last.closed
      );
    }, timeoutMs);
  } catch {
    throw new Error(`the ledger is not empty within ${String(timeoutMs)} ms: ${JSON.stringify(last)}`);
  }
};

/** The access log line of the exchange with this path. */
export const accessLine = (torus: RunningTorus, path: string, timeoutMs = 2_000) =>
  torus.waitForLog((line) => line.msg === 'access' && line['path'] === path, timeoutMs);
