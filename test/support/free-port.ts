/** Finds a port that was free a moment ago. Prefer port 0: only a port that must be named before it is bound needs this. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

export const freePort = async (host = '127.0.0.1'): Promise<number> => {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};
