/** Owns the list of who is compared, in the order of the report. */
import { caddy } from './caddy.mjs';
import { fastifyHttpProxy } from './fastify-http-proxy.mjs';
import { haproxy } from './haproxy.mjs';
import { httpProxy } from './http-proxy.mjs';
import { nginx } from './nginx.mjs';

/** @type {readonly import('./peer.mjs').Peer[]} */
export const nativePeers = [nginx, haproxy, caddy];

/** @type {readonly import('./peer.mjs').Peer[]} */
export const nodePeers = [httpProxy, fastifyHttpProxy];
