/** Owns a proxy made of http-proxy as its manual has it, with a keep-alive agent. Run by http-proxy.mjs. */
import http from 'node:http';
import https from 'node:https';
import { programOrder } from './node-program.mjs';
import { loadPackage } from './npm-packages.mjs';

const { ports, upstream, cert, key } = programOrder();
const proxy = loadPackage('http-proxy').createProxyServer({
  target: upstream,
  agent: new http.Agent({ keepAlive: true, maxFreeSockets: 256 }),
  xfwd: true,
});
proxy.on('error', (_error, _request, response) => {
  if ('writeHead' in response && !response.headersSent) response.writeHead(502);
  response.end();
});
const handle = (request, response) => proxy.web(request, response);
const options = { keepAliveTimeout: 3_600_000 };
http.createServer(options, handle).listen(ports.http, '127.0.0.1', 4096);
https
  .createServer({ ...options, cert, key, minVersion: 'TLSv1.3' }, handle)
  .listen(ports.https, '127.0.0.1', 4096);
