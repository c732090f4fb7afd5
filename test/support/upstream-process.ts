/** An upstream in a process of its own, so that it can be killed and stopped like a real one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { killWithFile } from './left-behind.js';

const CHILD = `
const server = require('node:http').createServer((request, response) => {
  setTimeout(() => response.end('ok'), Number(process.argv[2]));
});
server.keepAliveTimeout = 0;
server.listen({ port: Number(process.argv[1]), host: '127.0.0.1' }, () => console.log(server.address().port));
`;

export interface UpstreamProcess {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL, also to a stopped one; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Answers everything with `ok` after `serviceMs`. Port 0 unless it must come back where it was. */
export const startUpstreamProcess = async ({ port = 0, serviceMs = 2 } = {}): Promise<UpstreamProcess> => {
  const args = ['-e', CHILD, String(port), String(serviceMs)];
  const child = killWithFile(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  return {
    pid: child.pid!,
    port: Number(line),
    url: `http://127.0.0.1:${line}`,
    signal: (signal) => void child.kill(signal),
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      lines.close();
    },
  };
};
