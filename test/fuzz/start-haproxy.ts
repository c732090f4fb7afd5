/** A real HAProxy as the upstream: it answers every request itself, with what it understood of it. */
import { startHaproxyWith, type Haproxy } from '../support/index.js';

export { hasHaproxy, type Haproxy } from '../support/index.js';

const conf = (port: number): string => `
global
  maxconn 1000
defaults
  mode http
  timeout client 5s
  timeout http-request 5s
  timeout http-keep-alive 60s
frontend echo
  bind 127.0.0.1:${String(port)}
  option http-buffer-request
  http-request return status 200 content-type text/plain hdr x-echo "%[method] %[url]" hdr x-size "%[req.body_size]"
`;

export const startHaproxy = (): Promise<Haproxy> => startHaproxyWith(conf);

/** What stands in nginx's server block, so that it answers in the same way. */
export const NGINX_ECHO = `
  keepalive_requests 1000000; keepalive_timeout 60s; merge_slashes off; large_client_header_buffers 4 32k;
  location / { add_header x-echo "$request_method $request_uri" always; return 200 ""; }
`;
