/** The way into the upstream stage. */
export { UpstreamGroup } from './upstream-group.js';
