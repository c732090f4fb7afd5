/** Owns how a proxy that is a Node program is started and told what to do. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { launch } from './peer.mjs';

/**
 * @param {import('./peer.mjs').Stage} stage
 * @param {string} name
 * @param {string} program file beside this one
 * @returns {Promise<import('./peer.mjs').Instance>}
 */
export const launchNode = ({ upstream, certificate, scratch }, name, program) =>
  launch(
    { upstream, certificate, scratch },
    {
      name,
      command: process.execPath,
      args: (folder) => [
        '--no-deprecation',
        path.join(import.meta.dirname, program),
        path.join(folder, 'order.json'),
      ],
      files: (_folder, ports) => ({
        'order.json': JSON.stringify({
          ports,
          upstream: upstream.url,
          certFile: certificate.certFile,
          keyFile: certificate.keyFile,
        }),
      }),
      env: { NODE_ENV: 'production' },
    },
  );

/** In the program: what to do. @returns {{ ports: import('./peer.mjs').Ports, upstream: string, cert: Buffer, key: Buffer }} */
export const programOrder = () => {
  const { ports, upstream, certFile, keyFile } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
  return { ports, upstream, cert: readFileSync(certFile), key: readFileSync(keyFile) };
};
