/** Owns a proxy made of Fastify and @fastify/http-proxy as its manual has it. Run by fastify-http-proxy.mjs. */
import { programOrder } from './node-program.mjs';
import { loadPackage } from './npm-packages.mjs';

const { ports, upstream, cert, key } = programOrder();
const fastify = loadPackage('fastify');
const plugin = loadPackage('@fastify/http-proxy');

const serve = async (port, https) => {
  const server = fastify({ logger: false, https, keepAliveTimeout: 3_600_000, bodyLimit: 2 ** 30 });
  await server.register(plugin, {
    upstream,
    undici: { connections: 256, keepAliveTimeout: 3_600_000, keepAliveMaxTimeout: 3_600_000 },
    replyOptions: {
      rewriteRequestHeaders: (request, headers) => ({
        ...headers,
        'x-forwarded-for': request.ip,
        'x-forwarded-proto': request.protocol,
      }),
    },
  });
  await server.listen({ port, host: '127.0.0.1', backlog: 4096 });
};
await serve(ports.http, null);
await serve(ports.https, { cert, key, minVersion: 'TLSv1.3' });
