/** One request by `openssl s_client`: another TLS stack than Node's, whose sessions go to and come from files. */
import { spawn } from 'node:child_process';
import { within } from './until.js';

export interface OpensslOptions {
  readonly port: number;
  /** Path of the request; undefined to send nothing and leave after the handshake. */
  readonly path?: string;
  /** More arguments of s_client: `-tls1_2`, `-sess_in FILE` ... */
  readonly args?: readonly string[];
  /** Sent in place of a request; s_client reads its commands (`R` renegotiates) out of it. */
  readonly commands?: string;
}

export interface OpensslResult {
  /** Everything it said, on both streams. */
  readonly output: string;
  readonly exitCode: number | null;
  /** For each handshake whether it was resumed. */
  readonly resumed: readonly boolean[];
  /** Of the response; 0 without one. */
  readonly status: number;
  /** `TLSv1.3`; empty without a session. */
  readonly version: string;
}

const request = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;

/** Resolves when it has left: after the response, when it failed, or at once when there was nothing to send. */
export const opensslClient = async (options: OpensslOptions): Promise<OpensslResult> => {
  const { port, path, args = [], commands } = options;
  const interactive = path === undefined ? [] : ['-ign_eof'];
  const target = ['-connect', `127.0.0.1:${String(port)}`];
  const child = spawn('openssl', ['s_client', ...target, ...interactive, ...args]);
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  // It may leave before it has read everything.
  child.stdin.on('error', () => undefined);
  child.stdin.end(path === undefined ? (commands ?? '') : request(path));
  try {
    return readResult(await within(exit, 10_000, 'openssl s_client to leave'), chunks);
  } finally {
    child.kill('SIGKILL');
  }
};

const readResult = (exitCode: number | null, chunks: readonly Buffer[]): OpensslResult => {
  const output = Buffer.concat(chunks).toString('latin1');
  const handshakes = [...output.matchAll(/^(New|Reused), (TLSv[\d.]+|\(NONE\))/gm)];
  const version = handshakes[0]?.[2] ?? '';
  return {
    output,
    exitCode,
    resumed: handshakes.map(([, how]) => how === 'Reused'),
    status: Number(/^HTTP\/1\.1 (\d{3})/m.exec(output)?.[1] ?? 0),
    version: version.startsWith('TLS') ? version : '',
  };
};
