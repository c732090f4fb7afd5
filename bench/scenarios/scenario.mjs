/** Owns what a scenario is. */

/**
 * @typedef {object} Session what every load is given
 * @property {number} seconds of one run
 * @property {string} scratch
 * @property {Record<string, string>} headers of every request
 * @property {Record<string, string>} wrkEnv makes wrk offer the one TLS suite
 *
 * @typedef {object} RunResult one run of one subject
 * @property {number} cost in the unit of the scenario
 * @property {number} [perSecond]
 * @property {number} [p50Us]
 * @property {number} [p99Us]
 * @property {number} errors
 * @property {number} [resumed] TLS sessions
 * @property {number} residentBytes of all processes, at the end of the run
 *
 * @typedef {(instance: import('../peers/peer.mjs').Instance, session: Session) => Promise<RunResult>} Run
 *
 * @typedef {object} Subject
 * @property {string} name unique in the scenario
 * @property {import('../peers/peer.mjs').Peer} peer
 * @property {Run} run
 *
 * @typedef {object} Scenario
 * @property {string} id as in --only
 * @property {string} title
 * @property {string} unit of `cost`
 * @property {string} baseline the subject that ratios are to
 * @property {boolean} tls clients speak TLS
 * @property {boolean} freshEachRun start the peer anew for each run (memory never shrinks back)
 * @property {readonly Subject[]} subjects
 */

export const CPU_PER_REQUEST = 'CPU us/request';
export const CPU_PER_CONNECTION = 'CPU us/connection';
export const BYTES_PER_CONNECTION = 'KiB/connection';

/** Every peer under the same load. @param {readonly import('../peers/peer.mjs').Peer[]} peers @param {Run} run @returns {Subject[]} */
export const sameLoad = (peers, run) => peers.map((peer) => ({ name: peer.name, peer, run }));
