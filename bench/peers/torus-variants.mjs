/** Owns which sets of features Torus is compared with. */

/**
 * @typedef {object} TorusVariant
 * @property {string} name as in the report
 * @property {number} [routes] how many beside the catch-all; a request of the bench belongs to the middle one
 * @property {boolean} [jwt] every route verifies a token
 * @property {boolean} [accessLog] to a file
 * @property {number} [heapMb] the old generation may be this large
 * @property {boolean} [admin] the admin API with the metrics is up
 * @property {object} [tracing] as in the configuration, but for the collector; left out: tracing is off
 */

/** Nothing but forwarding. @type {TorusVariant} */
export const BARE = { name: 'Torus' };

/** What a real edge would have on: routing, JWT, metrics. The targets are about this one. @type {TorusVariant} */
export const GUARDED = { name: 'Torus + 20 routes, JWT, metrics', routes: 20, jwt: true, admin: true };
