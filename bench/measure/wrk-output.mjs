/** Owns what wrk's report means. */

/**
 * @typedef {object} LoadResult what a load generator saw
 * @property {number} requests answered, whatever the status
 * @property {number} seconds
 * @property {number} perSecond
 * @property {number | undefined} p50Us
 * @property {number | undefined} p99Us
 * @property {number} errors failed connections, broken answers, timeouts and statuses other than 2xx and 3xx
 */

const MICROSECONDS = { us: 1, ms: 1e3, s: 1e6, m: 60e6, h: 3600e6 };

/** @param {string} text such as `1.25ms` @returns {number} microseconds */
export const parseDurationUs = (text) => {
  const match = /^([\d.]+)(us|ms|s|m|h)$/.exec(text);
  if (match === null) throw new Error(`not a duration of wrk: ${text}`);
  return Number(match[1]) * MICROSECONDS[match[2]];
};

/** @param {string} text @param {number} percent */
const latencyUs = (text, percent) => {
  const found = new RegExp(`^\\s+${percent}%\\s+(\\S+)$`, 'm').exec(text)?.[1];
  return found === undefined ? undefined : parseDurationUs(found);
};

/** @param {string} text */
const countErrors = (text) => {
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  const statuses = /Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? '0';
  return [...(sockets?.slice(1) ?? []), statuses].reduce((sum, count) => sum + Number(count), 0);
};

/** @param {string} text standard output of `wrk --latency` @returns {LoadResult} */
export const parseWrk = (text) => {
  const total = /^\s*(\d+) requests in ([^,]+),/m.exec(text);
  if (total === null) throw new Error(`not a report of wrk:\n${text}`);
  const requests = Number(total[1]);
  const seconds = parseDurationUs(total[2]) / 1e6;
  return {
    requests,
    seconds,
    perSecond: requests / seconds,
    p50Us: latencyUs(text, 50),
    p99Us: latencyUs(text, 99),
    errors: countErrors(text),
  };
};
