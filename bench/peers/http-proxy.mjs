/** Owns how http-proxy is started. */
import { launchNode } from './node-program.mjs';
import { findPackage } from './npm-packages.mjs';

/** @type {import('./peer.mjs').Peer} */
export const httpProxy = {
  name: 'http-proxy',
  product: 'http-proxy',
  find: async () => findPackage('http-proxy'),
  start: (stage) => launchNode(stage, 'http-proxy', 'http-proxy-program.mjs'),
};
