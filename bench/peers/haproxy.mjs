/** Owns how HAProxy is started. */
import path from 'node:path';
import { findProgram, launch } from './peer.mjs';

const configuration = (ports, { certificate, upstream }) => `
global
  nbthread 1
  maxconn 8000
  ssl-default-bind-options ssl-min-ver TLSv1.3
defaults
  mode http
  timeout connect 3s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
  option http-keep-alive
  http-reuse always
frontend edge
  bind 127.0.0.1:${ports.http} backlog 4096
  bind 127.0.0.1:${ports.https} backlog 4096 ssl crt ${certificate.bothFile} alpn h2,http/1.1
  http-request set-header X-Forwarded-Proto https if { ssl_fc }
  http-request set-header X-Forwarded-Proto http if !{ ssl_fc }
  option forwardfor
  default_backend service
backend service
  server one 127.0.0.1:${upstream.port} pool-max-conn 256
`;

/** @type {import('./peer.mjs').Peer} */
export const haproxy = {
  name: 'HAProxy',
  product: 'HAProxy',
  find: async () => findProgram('haproxy', ['-v'], /version (\d[\d.]*)/),
  start: (stage) =>
    launch(stage, {
      name: 'HAProxy',
      command: 'haproxy',
      args: (folder) => ['-db', '-f', path.join(folder, 'haproxy.cfg')],
      files: (_folder, ports) => ({ 'haproxy.cfg': configuration(ports, stage) }),
    }),
};
