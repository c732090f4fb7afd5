import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { MirrorConfig } from '../../../../src/contracts/config.js';
import type { Body } from '../../../../src/contracts/message.js';
import { IncomingBody } from '../../../../src/proxy/codec/http1/incoming-body.js';
import { MirrorBody } from '../../../../src/proxy/forwarder/mirror-body.js';
import { TimerWheel } from '../../../../src/proxy/timer-wheel.js';

const config = { maxBodyBytes: 10, timeoutMs: 1000 } as MirrorConfig;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let nowMs = 0;
const wheels: TimerWheel[] = [];
afterEach(() => {
  for (const wheel of wheels.splice(0)) wheel.dispose();
});

const watch = (body: Body) => {
  nowMs = 0;
  const timers = new TimerWheel(50, () => nowMs);
  wheels.push(timers);
  const told: (string | undefined)[] = [];
  const mirror = new MirrorBody(body, config, {
    timers,
    onWhole: (bytes) => told.push(bytes === undefined ? 'none' : bytes.toString()),
    onDropped: (result) => told.push(result),
  });
  mirror.collect();
  return { told, mirror, timers };
};

const source = () => {
  const log: string[] = [];
  const stream = new IncomingBody({
    pauseBody: () => log.push('pause'),
    resumeBody: () => log.push('resume'),
    abandonBody: () => log.push('abandon'),
  });
  stream.on('error', () => undefined);
  return { stream, log };
};

const sinkInto = (pieces: string[]): Writable =>
  new Writable({
    write(piece: Buffer, _encoding, callback) {
      pieces.push(piece.toString());
      setImmediate(callback);
    },
  });

describe('MirrorBody', () => {
  it('copies a whole body, whose bytes may change afterwards', () => {
    const bytes = Buffer.from('hello');
    const { told } = watch({ kind: 'complete', bytes, trailers: undefined });
    bytes.fill('x');
    expect(told).toEqual(['hello']);
    expect(watch({ kind: 'none' }).told).toEqual(['none']);
    expect(watch({ kind: 'complete', bytes: Buffer.alloc(11), trailers: undefined }).told).toEqual([
      'dropped-body',
    ]);
  });

  it('asks for nothing before the reader does, and takes nothing from it', async () => {
    const { stream, log } = source();
    const { told } = watch({ kind: 'stream', stream });
    stream.feed(Buffer.from('ab'));
    await settled();
    expect(log.filter((word) => word === 'resume')).toEqual([]);
    const pieces: string[] = [];
    const piped = pipeline(stream, sinkInto(pieces));
    await settled();
    stream.feed(Buffer.from('cd'));
    stream.complete(undefined);
    await piped;
    expect(pieces.join('')).toBe('abcd');
    expect(told).toEqual(['abcd']);
  });

  it('sees what is read piece by piece too, not only what flows', async () => {
    const { stream } = source();
    const { told } = watch({ kind: 'stream', stream });
    const pieces: string[] = [];
    stream.on('readable', () => {
      for (let piece = stream.read() as Buffer | null; piece !== null; piece = stream.read() as Buffer | null)
        pieces.push(piece.toString());
    });
    stream.feed(Buffer.from('ab'));
    await settled();
    stream.feed(Buffer.from('cd'));
    await settled();
    stream.complete(undefined);
    await settled();
    expect(pieces.join('')).toBe('abcd');
    expect(told).toEqual(['abcd']);
  });

  it('copies pieces that are read into again', async () => {
    const { stream } = source();
    const { told } = watch({ kind: 'stream', stream });
    const overwriting = new Writable({
      write(piece: Buffer, _encoding, callback) {
        piece.fill('x');
        callback();
      },
    });
    const piped = pipeline(stream, overwriting);
    stream.feed(Buffer.from('ab'));
    await settled();
    stream.feed(Buffer.from('cd'));
    stream.complete(undefined);
    await piped;
    expect(told).toEqual(['abcd']);
  });

  it('lets go of a body that is too long, which goes on to its reader', async () => {
    const { stream } = source();
    const { told } = watch({ kind: 'stream', stream });
    const pieces: string[] = [];
    const piped = pipeline(stream, sinkInto(pieces));
    for (const piece of ['12345', '67890', 'x', 'yz']) {
      stream.feed(Buffer.from(piece));
      await settled();
    }
    stream.complete(undefined);
    await piped;
    expect(told).toEqual(['dropped-body']);
    expect(pieces.join('')).toBe('1234567890xyz');
  });

  it('drops a body that breaks off, is given up, or takes too long, and tells once', async () => {
    const broken = source();
    const first = watch({ kind: 'stream', stream: broken.stream });
    broken.stream.fail(new Error('reset'));
    await settled();
    expect(first.told).toEqual(['dropped-incomplete']);

    const late = source();
    const second = watch({ kind: 'stream', stream: late.stream });
    nowMs = 1100;
    second.timers.advance();
    expect(second.told).toEqual(['dropped-incomplete']);
    late.stream.complete(undefined);
    late.stream.resume();
    await settled();
    expect(second.told).toHaveLength(1);

    const stopped = source();
    const third = watch({ kind: 'stream', stream: stopped.stream });
    third.mirror.cancel();
    third.mirror.cancel();
    stopped.stream.destroy();
    await settled();
    expect(third.told).toEqual(['dropped-shutdown']);
  });
});
