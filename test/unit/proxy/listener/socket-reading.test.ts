import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { READ_KEYS, readSocket } from '../../../../src/proxy/listener/socket-reading.js';

/** Two ends of one connection; the first one was accepted. */
async function connected(): Promise<{ accepted: Socket; client: Socket; close: () => void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  const close = (): void => {
    client.destroy();
    accepted.destroy();
    server.close();
  };
  return { accepted, client, close };
}

/** Resolves with the reads once `count` bytes are there. */
function newReader(lent: Buffer) {
  const reads: { text: string; reused: boolean; lentIt: boolean }[] = [];
  let seen = 0;
  let wanted: { readonly count: number; readonly resolve: () => void } | undefined;
  return {
    reads,
    nextBuffer: () => lent,
    onRead: (bytes: Buffer, length: number, reused: boolean): void => {
      reads.push({ text: bytes.toString('latin1', 0, length), reused, lentIt: bytes === lent });
      seen += length;
      if (wanted !== undefined && seen >= wanted.count) wanted.resolve();
    },
    has: (count: number): Promise<void> =>
      new Promise((resolve) => {
        wanted = { count, resolve };
        if (seen >= count) resolve();
      }),
  };
}

describe('readSocket', () => {
  it('finds on this Node what accepted sockets read into lent buffers with', () => {
    expect(READ_KEYS).toBeDefined();
  });

  it('reads an accepted socket into the buffer it is lent, and allocates none', async () => {
    const { accepted, client, close } = await connected();
    const reader = newReader(Buffer.alloc(64));
    readSocket(accepted, reader);
    client.write('hello');
    await reader.has(5);
    expect(reader.reads).toEqual([{ text: 'hello', reused: true, lentIt: true }]);
    close();
  });

  it('begins with what the socket has buffered already', async () => {
    const { accepted, client, close } = await connected();
    client.write('early');
    await once(accepted, 'readable');
    const reader = newReader(Buffer.alloc(64));
    readSocket(accepted, reader);
    expect(reader.reads).toEqual([{ text: 'early', reused: false, lentIt: false }]);
    close();
  });

  it('stops and goes on with the socket', async () => {
    const { accepted, client, close } = await connected();
    const reader = newReader(Buffer.alloc(64));
    readSocket(accepted, reader);
    accepted.pause();
    await new Promise((resolve) => client.write('held back', resolve));
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(reader.reads).toEqual([]);
    accepted.resume();
    await reader.has(9);
    close();
  });

  it('makes an ordinary stream of a released socket, whose bytes no later read overwrites', async () => {
    const { accepted, client, close } = await connected();
    const reading = readSocket(accepted, newReader(Buffer.alloc(64)));
    reading.release();
    const pieces: Buffer[] = [];
    accepted.on('data', (piece: Buffer) => pieces.push(piece));
    for (const word of ['one', 'two']) {
      client.write(word);
      await once(accepted, 'data');
    }
    expect(pieces.map(String)).toEqual(['one', 'two']);
    client.end();
    await once(accepted, 'end');
    close();
  });

  it('takes data events where a socket cannot read into lent buffers', async () => {
    const stream = new PassThrough();
    const reader = newReader(Buffer.alloc(64));
    const reading = readSocket(stream as unknown as Socket, reader);
    stream.write('hello');
    await reader.has(5);
    expect(reader.reads).toEqual([{ text: 'hello', reused: false, lentIt: false }]);
    reading.release();
    stream.write('later');
    expect(reader.reads).toHaveLength(1);
  });
});
