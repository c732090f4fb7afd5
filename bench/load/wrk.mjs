/** Owns running wrk: one thread, kept-alive connections, realistic headers. */
import path from 'node:path';
import { runToEnd } from '../processes/run-to-end.mjs';
import { parseWrk } from '../measure/wrk-output.mjs';

/**
 * @typedef {object} WrkLoad
 * @property {string} url
 * @property {number} connections
 * @property {number} seconds
 * @property {Readonly<Record<string, string>>} headers
 * @property {Readonly<Record<string, string>>} env
 * @property {string} [script] file beside this one
 * @property {readonly string[]} [scriptArgs]
 */

/** @param {WrkLoad} load @returns {Promise<import('../measure/wrk-output.mjs').LoadResult>} */
export const wrk = async ({ url, connections, seconds, headers, env, script, scriptArgs = [] }) => {
  const args = [
    ...['--latency', '--threads', '1', '--connections', `${connections}`],
    ...['--duration', `${seconds}s`, '--timeout', '10s'],
    ...Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
    ...(script === undefined ? [] : ['--script', path.join(import.meta.dirname, script)]),
    url,
    ...(scriptArgs.length === 0 ? [] : ['--', ...scriptArgs]),
  ];
  return parseWrk(await runToEnd('wrk', args, { env, timeoutMs: (seconds + 60) * 1000 }));
};
