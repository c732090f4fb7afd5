/** Owns the question whether a port can be bound now. */
import { createServer } from 'node:net';

/** False when something else listens there. Other failures count as free, so that the real bind explains them. */
export const isPortFree = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
