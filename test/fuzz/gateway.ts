/** The built gateway in front of given endpoints, with nothing between client and upstream but its own rules. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ENTRY, startTorus, type RunningTorus } from '../support/index.js';

/** Unit tests come before a build has to exist; this one needs it. */
const buildIfMissing = (): void => {
  if (!existsSync(ENTRY)) spawnSync(process.execPath, [path.resolve(__dirname, '../../scripts/build.mjs')]);
};

export const startGateway = (endpoints: readonly string[]): Promise<RunningTorus> => {
  buildIfMissing();
  return startTorus({
    config: {
      workers: 1,
      log: { access: false },
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      shutdown: { timeout: '1s' },
      upstreams: { peers: { endpoints } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'peers' }],
    },
  });
};
