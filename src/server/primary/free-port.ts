/** Owns the choice of a port for a listener that asks for any. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { ChoosePort } from './bound-ports.js';

/** Binds, notes the number, and lets go of it: nothing is accepted. */
export const chooseFreePort: ChoosePort = (host) =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen({ host, port: 0, exclusive: true }, () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
