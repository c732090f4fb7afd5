/** Owns how @fastify/http-proxy is started. */
import { launchNode } from './node-program.mjs';
import { findPackage } from './npm-packages.mjs';

/** @type {import('./peer.mjs').Peer} */
export const fastifyHttpProxy = {
  name: '@fastify/http-proxy',
  product: '@fastify/http-proxy',
  find: async () => findPackage('@fastify/http-proxy'),
  start: (stage) => launchNode(stage, 'fastify-http-proxy', 'fastify-http-proxy-program.mjs'),
};
