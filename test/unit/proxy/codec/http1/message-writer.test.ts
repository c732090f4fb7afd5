import type { Socket } from 'node:net';
import { writeWhole } from '../../../../../src/proxy/codec/http1/message-writer.js';
import { takeReadBuffer } from '../../../../../src/proxy/codec/read-buffers.js';

/** Keeps what is written, and the callbacks that say that it has left. */
class FakeSocket {
  readonly written: (string | Buffer)[] = [];
  readonly taken: (() => void)[] = [];

  cork(): void {}
  uncork(): void {}

  write(data: string | Buffer, more?: unknown): boolean {
    this.written.push(data);
    if (typeof more === 'function') this.taken.push(more as () => void);
    return true;
  }

  get text(): string {
    return this.written.map((data) => (typeof data === 'string' ? data : data.toString('latin1'))).join('');
  }
}

const HEAD = 'HTTP/1.1 200 OK\r\n\r\n';

function write(body: Buffer): FakeSocket {
  const socket = new FakeSocket();
  writeWhole(socket as unknown as Socket, HEAD, body);
  return socket;
}

describe('writeWhole', () => {
  it.each([0, 1, 4000, 5000, 40_000, 65_000, 70_000])('writes head and a body of %d bytes', (size) => {
    const body = Buffer.alloc(size, 'abc');
    expect(write(body).text).toBe(HEAD + body.toString());
  });

  it('leaves the body to its owner: what is overwritten after the call is not sent', () => {
    for (const size of [10, 5000, 40_000, 70_000]) {
      const body = Buffer.alloc(size, 'x');
      const socket = write(body);
      body.fill('y');
      expect(socket.text).not.toContain('y');
    }
  });

  it('gives a lent buffer back once the kernel has taken the message, and not before', () => {
    const socket = write(Buffer.alloc(40_000, 'x'));
    const memory = (socket.written[0] as Buffer).buffer;
    expect(takeReadBuffer().buffer).not.toBe(memory);
    socket.taken[0]?.();
    expect(takeReadBuffer().buffer).toBe(memory);
  });
});
