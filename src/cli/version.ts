/** Owns what `torus version` prints. */
export { readVersion } from '../config/version.js';
