import { Socket } from 'node:net';
import type { OnReadOpts, SocketConstructorOpts } from 'node:net';
import type { SocketReader } from '../codec/read-buffers.js';

/**
 * Owns how the bytes of an accepted socket are read: into buffers that Torus lends, instead of 64 KiB allocated and collected
 * for each read. Node offers that for outgoing sockets only (`onread` of net.connect); accepted ones know the same mechanism
 * by internal keys, which are taken from a socket made with `onread`. Where a Node line has none, `data` events remain.
 */

export interface SocketReading {
  /** The reader gets nothing more: the socket becomes an ordinary stream, as a tunnel wants it. */
  release(): void;
}

interface ReadKeys {
  readonly buffer: symbol;
  readonly callback: symbol;
  readonly generator: symbol;
}

interface UserBufferHandle {
  useUserBuffer(buffer: Buffer): void;
}

/** Undefined where this Node has no such keys. */
export const READ_KEYS = findKeys();

/** Reads the socket from now on, beginning with what it has buffered already. */
export function readSocket(socket: Socket, reader: SocketReader): SocketReading {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (READ_KEYS === undefined || !hasUserBuffers(handle)) return readByEvents(socket, reader);
  const reading = readIntoLent(socket, handle, { reader, keys: READ_KEYS });
  // A TLS client may send its first request together with the end of its handshake.
  for (let early = takeBuffered(socket); early !== undefined; early = takeBuffered(socket))
    reader.onRead(early, early.length, false);
  return reading;
}

function readByEvents(socket: Socket, reader: SocketReader): SocketReading {
  const onData = (chunk: Buffer): void => {
    reader.onRead(chunk, chunk.length, false);
  };
  socket.on('data', onData);
  return { release: () => socket.off('data', onData) };
}

function readIntoLent(
  socket: Socket,
  handle: UserBufferHandle,
  { reader, keys }: { readonly reader: SocketReader; readonly keys: ReadKeys },
): SocketReading {
  let current = reader.nextBuffer();
  Reflect.set(socket, keys.buffer, current);
  // Anything but a buffer means that the same one is read into again, which spares telling the handle.
  Reflect.set(socket, keys.generator, () => {
    const next = reader.nextBuffer();
    return next === current ? undefined : (current = next);
  });
  Reflect.set(socket, keys.callback, (length: number, bytes: Buffer) => {
    reader.onRead(bytes, length, true);
  });
  handle.useUserBuffer(current);
  return {
    release: () => {
      Reflect.set(socket, keys.callback, (length: number, bytes: Buffer) =>
        socket.push(Buffer.from(bytes.subarray(0, length))),
      );
    },
  };
}

function takeBuffered(socket: Socket): Buffer | undefined {
  return socket.readableLength > 0 ? ((socket.read() as Buffer | null) ?? undefined) : undefined;
}

function hasUserBuffers(handle: unknown): handle is UserBufferHandle {
  return typeof handle === 'object' && handle !== null && 'useUserBuffer' in handle;
}

function findKeys(): ReadKeys | undefined {
  // `onread` is documented for this constructor, but missing in its type.
  const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = {
    onread: { buffer: Buffer.alloc(1), callback: () => true },
  };
  const probe = new Socket(options);
  const symbols = Object.getOwnPropertySymbols(probe);
  const named = (name: string): symbol | undefined => symbols.find(({ description }) => description === name);
  const [buffer, callback, generator] = [named('kBuffer'), named('kBufferCb'), named('kBufferGen')];
  if (buffer === undefined || callback === undefined || generator === undefined) return undefined;
  return { buffer, callback, generator };
}
