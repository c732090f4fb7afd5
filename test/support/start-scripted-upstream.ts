/** An upstream that reads one request head at a time and then does what the script for its path says, byte by byte. */
import type { Socket } from 'node:net';
import { startUpstream, type TestUpstream, type UpstreamOptions } from './start-upstream.js';

export interface ScriptedRequest {
  readonly socket: Socket;
  readonly head: string;
  /** Path without its query. */
  readonly path: string;
  /** Bytes that came together with the head. */
  readonly rest: Buffer;
  /** Resolves once this many body bytes (as they stand on the wire) are in. */
  body(bytes: number): Promise<Buffer>;
  /** The next request on the same connection is served too. Call it after the body was read. */
  next(): void;
}

/** Keyed by the first segment of the path: `/slow/1` runs `slow`. */
export type Scripts = Readonly<Record<string, (request: ScriptedRequest) => void | Promise<void>>>;

const BLANK_LINE = '\r\n\r\n';

const serve = (socket: Socket, scripts: Scripts): void => {
  let pending: Buffer = Buffer.alloc(0);
  let wake = (): void => undefined;
  let reading = true;
  const take = (): void => {
    const at = pending.indexOf(BLANK_LINE);
    if (!reading || at < 0) return;
    reading = false;
    const head = pending.toString('latin1', 0, at);
    const rest = pending.subarray(at + BLANK_LINE.length);
    pending = rest;
    const path = (head.split(' ')[1] ?? '').split('?')[0] ?? '';
    const script = scripts[path.split('/')[1] ?? ''];
    if (script === undefined) throw new Error(`no script for ${path}`);
    const body = (bytes: number): Promise<Buffer> =>
      new Promise((resolve) => {
        wake = () => {
          if (pending.length < bytes) return;
          const taken = pending.subarray(0, bytes);
          pending = pending.subarray(bytes);
          wake = () => undefined;
          resolve(taken);
        };
        wake();
      });
    const next = (): void => {
      reading = true;
      take();
    };
    void script({ socket, head, path, rest, body, next });
  };
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    take();
    wake();
  });
  // Half-open is allowed on these sockets: without this they would never close after a FIN.
  socket.on('end', () => socket.end());
};

export const startScriptedUpstream = (
  scripts: Scripts,
  options: UpstreamOptions = {},
): Promise<TestUpstream> => startUpstream((socket) => serve(socket, scripts), options);
