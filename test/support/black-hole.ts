/** An address that takes no connection and refuses none: a process that listens, never accepts, and whose queue is full. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { killWithFile } from './left-behind.js';

const CHILD = `
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, server.address().port + '\\n');
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
});
`;
/** A connection that is not there by then never will be. */
const CONNECT_MS = 400;

export interface BlackHole {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export const startBlackHole = async (): Promise<BlackHole> => {
  const child = killWithFile(
    spawn(process.execPath, ['-e', CHILD], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  const port = Number(line);
  const filling: Socket[] = [];
  const close = async (): Promise<void> => {
    for (const socket of filling) socket.destroy();
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    lines.close();
  };
  for (;;) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    filling.push(socket);
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), CONNECT_MS)),
    ]);
    if (!connected) return { port, url: `http://127.0.0.1:${String(port)}`, close };
    if (filling.length > 64) throw new Error('the queue of the black hole does not fill');
  }
};
