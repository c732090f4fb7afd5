/** Owns how Caddy is started. */
import path from 'node:path';
import { findProgram, launch } from './peer.mjs';

// HTTP/2 for clients that offer it; no automatic certificates, no admin API.
const configuration = (ports, { certificate, upstream }) => {
  const service = `reverse_proxy 127.0.0.1:${upstream.port} {
    transport http {
      keepalive 1h
      keepalive_idle_conns 256
      keepalive_idle_conns_per_host 256
      compression off
    }
  }`;
  return `{
  admin off
  auto_https off
  default_bind 127.0.0.1
  default_sni localhost
  log {
    level ERROR
  }
  servers {
    protocols h1 h2
    timeouts {
      idle 1h
    }
  }
}
http://:${ports.http} {
  ${service}
}
https://:${ports.https} {
  tls ${certificate.certFile} ${certificate.keyFile} {
    protocols tls1.3
  }
  ${service}
}
`;
};

/** @type {import('./peer.mjs').Peer} */
export const caddy = {
  name: 'Caddy',
  product: 'Caddy',
  find: async () => findProgram('caddy', ['version'], /v?(\d[\d.]*)/),
  start: (stage) =>
    launch(stage, {
      name: 'Caddy',
      command: 'caddy',
      args: (folder) => ['run', '--adapter', 'caddyfile', '--config', path.join(folder, 'Caddyfile')],
      files: (_folder, ports) => ({ Caddyfile: configuration(ports, stage) }),
      // One worker, as everywhere.
      env: { GOMAXPROCS: '1' },
    }),
};
