/** Owns how Torus is started from dist/, bare or with some of its features on. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { spanSink } from '../fixtures/span-sink.mjs';
import { SECRET } from '../fixtures/token.mjs';
import { launch } from './peer.mjs';
import { BARE, GUARDED } from './torus-variants.mjs';

const root = path.resolve(import.meta.dirname, '../..');

/** @typedef {import('./torus-variants.mjs').TorusVariant} TorusVariant */

/** The first segment of every path that clients ask for, so that the same request fits one route or ten thousand. */
export const MIDDLE_ROUTE = 'service-middle';

/** @param {number} count */
const serviceNames = (count) =>
  Array.from({ length: count }, (_, at) => (at === count >> 1 ? MIDDLE_ROUTE : `service-${at}`));

/** @param {TorusVariant} variant */
const routesOf = ({ routes = 0, jwt = false }) => {
  // Named, never written out: the file holds no secret.
  const filters = jwt ? [{ 'jwt-auth': { secret: '${JWT_SECRET}', algorithms: ['HS256'] } }] : [];
  const route = (name, pattern) => ({ name, match: { path: pattern }, filters, upstream: 'service' });
  return [...serviceNames(routes).map((name) => route(name, `/${name}/*`)), route('rest', '/*')];
};

const configuration = (variant, ports, { certificate, upstream, collector }) => {
  const limits = { requestsPerConnection: 1_000_000_000, connectionAge: '24h' };
  const timeouts = { keepAlive: '1h' };
  const tls = {
    minVersion: 'TLSv1.3',
    certificates: [{ cert: certificate.certFile, key: certificate.keyFile }],
  };
  return {
    workers: 1,
    listeners: [
      { name: 'plain', address: `127.0.0.1:${ports.http}`, limits, timeouts },
      { name: 'edge', address: `127.0.0.1:${ports.https}`, tls, limits, timeouts },
    ],
    admin: variant.admin === true ? { address: '127.0.0.1:0' } : false,
    log: { access: variant.accessLog === true },
    tracing: collector === undefined ? false : { endpoint: collector, ...variant.tracing },
    metrics: { exemplars: collector !== undefined },
    upstreams: { service: { endpoints: [upstream.url], pool: { idleTimeout: '1h' } } },
    routes: routesOf(variant),
  };
};

/** @param {TorusVariant} variant @returns {Record<string, string>} */
const heapLimit = ({ heapMb }) =>
  heapMb === undefined ? {} : { NODE_OPTIONS: `--max-old-space-size=${heapMb}` };

/** @param {TorusVariant} variant @returns {import('./peer.mjs').Peer} */
export const torus = (variant) => ({
  name: variant.name,
  product: 'Torus',
  find: async () => ({ version: JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).version }),
  start: async (stage) => {
    const collector = variant.tracing === undefined ? undefined : await spanSink();
    return launch(stage, {
      name: variant.name,
      command: process.execPath,
      args: (folder) => [path.join(root, 'dist', 'index.js'), '--config', path.join(folder, 'torus.yaml')],
      // JSON is YAML.
      files: (_folder, ports) => ({
        'torus.yaml': JSON.stringify(configuration(variant, ports, { ...stage, collector }), null, 1),
      }),
      env: { JWT_SECRET: SECRET, NODE_ENV: 'production', ...heapLimit(variant) },
    });
  },
});

export const bareTorus = torus(BARE);
export const guardedTorus = torus(GUARDED);
