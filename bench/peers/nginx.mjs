/** Owns how nginx is started. */
import path from 'node:path';
import { nginxTempPaths } from '../fixtures/nginx-temp-paths.mjs';
import { findProgram, launch } from './peer.mjs';

const configuration = (folder, ports, { certificate, upstream }) => `
daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr crit;
events { worker_connections 16384; }
http {
  access_log off; tcp_nodelay on; keepalive_timeout 1h; keepalive_requests 1000000000; client_max_body_size 0;
  ${nginxTempPaths(folder)}
  ssl_certificate ${certificate.certFile}; ssl_certificate_key ${certificate.keyFile}; ssl_protocols TLSv1.3;
  upstream service { server 127.0.0.1:${upstream.port}; keepalive 256; keepalive_requests 1000000000; keepalive_timeout 1h; }
  server {
    listen 127.0.0.1:${ports.http} backlog=4096; listen 127.0.0.1:${ports.https} ssl http2 backlog=4096;
    location / {
      proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection '';
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_max_temp_file_size 0; proxy_request_buffering off;
    }
  }
}`;

/** @type {import('./peer.mjs').Peer} */
export const nginx = {
  name: 'nginx',
  product: 'nginx',
  find: async () => findProgram('nginx', ['-v'], /nginx\/(\S+)/),
  start: (stage) =>
    launch(stage, {
      name: 'nginx',
      command: 'nginx',
      args: (folder) => ['-p', folder, '-e', 'stderr', '-c', path.join(folder, 'nginx.conf')],
      files: (folder, ports) => ({ 'nginx.conf': configuration(folder, ports, stage) }),
    }),
};
