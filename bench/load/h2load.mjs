/** Owns running h2load: one thread, kept-alive HTTP/2 connections with several streams at once, realistic headers. */
import { runToEnd } from '../processes/run-to-end.mjs';
import { parseH2load } from '../measure/h2load-output.mjs';

/**
 * @typedef {object} H2Load
 * @property {string} url
 * @property {number} connections
 * @property {number} streams at once on each connection
 * @property {number} seconds
 * @property {Readonly<Record<string, string>>} headers
 */

/** @param {H2Load} load @returns {Promise<import('../measure/wrk-output.mjs').LoadResult>} */
export const h2load = async ({ url, connections, streams, seconds, headers }) => {
  const args = [
    ...['--threads', '1', '--clients', `${connections}`, '--max-concurrent-streams', `${streams}`],
    ...['--duration', `${seconds}`, '--warm-up-time', '0', '--tls13-ciphers', 'TLS_AES_128_GCM_SHA256'],
    ...Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
    url,
  ];
  return parseH2load(await runToEnd('h2load', args, { timeoutMs: (seconds + 60) * 1000 }));
};
