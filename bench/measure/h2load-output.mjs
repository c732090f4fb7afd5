/** Owns what h2load's report means. It gives no percentiles of the time for a request. */
import { parseDurationUs } from './wrk-output.mjs';

/** @param {string} text standard output of `h2load --duration` @returns {import('./wrk-output.mjs').LoadResult} */
export const parseH2load = (text) => {
  const total = /^finished in (\S+), ([\d.]+) req\/s/m.exec(text);
  const counts = /^requests: .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout$/m.exec(text);
  const protocol = /^Application protocol: (\S+)$/m.exec(text)?.[1];
  if (total === null || counts === null) throw new Error(`not a report of h2load:\n${text}`);
  if (protocol !== 'h2') throw new Error(`h2load spoke ${protocol ?? 'nothing'}, not h2`);
  const [succeeded, failed] = counts.slice(1).map(Number);
  const seconds = parseDurationUs(total[1]) / 1e6;
  return {
    requests: succeeded + failed,
    seconds,
    perSecond: (succeeded + failed) / seconds,
    p50Us: undefined,
    p99Us: undefined,
    errors: failed,
  };
};
