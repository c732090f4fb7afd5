/** A streamed body that may be sent again: whole each time, bounded, and let go of when nothing will be sent again. */
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { Fields } from '../../../../src/contracts/fields.js';
import type { BodyStream } from '../../../../src/contracts/message.js';
import { fieldsOf } from '../../../../src/http/field-block.js';
import { ReplayBody } from '../../../../src/proxy/forwarder/replay-body.js';

/** A body that arrives piece by piece, each in memory that is used again. */
class Source extends Readable implements BodyStream {
  trailers: Fields | undefined = undefined;

  constructor() {
    super({ highWaterMark: 1 });
  }

  override _read(): void {
    // pushed by hand
  }
}

const textOf = async (stream: BodyStream): Promise<string> => {
  let text = '';
  for await (const piece of stream as AsyncIterable<Buffer>) {
    text += piece.toString();
    // As the socket's buffer would be by the next read.
    piece.fill(0);
  }
  return text;
};

describe('a replayed body', () => {
  it('is handed on as it arrives, and again from its beginning', async () => {
    const source = new Source();
    const body = new ReplayBody(source, 100);
    const first = body.open();
    source.push(Buffer.from('hello '));
    const { value } = (await first.iterator({ destroyOnReturn: false }).next()) as { value: Buffer };
    expect(value.toString()).toBe('hello ');
    first.destroy();
    source.push(Buffer.from('world'));
    source.trailers = fieldsOf([['x-sum', '1']]);
    source.push(null);
    const second = body.open();
    expect(await textOf(second)).toBe('hello world');
    expect(second.trailers?.get('x-sum')).toBe('1');
    expect(body.isWhole).toBe(true);
  });

  it('can be sent no second time once it is longer than the limit, but passes through', async () => {
    const source = new Source();
    const body = new ReplayBody(source, 8);
    const reader = body.open();
    source.push(Buffer.from('12345678'));
    source.push(Buffer.from('9'));
    source.push(null);
    expect(await textOf(reader)).toBe('123456789');
    expect(body.isWhole).toBe(false);
  });

  it('takes nothing from the source while no attempt reads', async () => {
    const source = new Source();
    const body = new ReplayBody(source, 8);
    const reader = body.open();
    reader.read(0);
    reader.destroy();
    source.push(Buffer.from('123456789'));
    await turn();
    expect(body.isWhole).toBe(true);
    source.push(null);
    expect(await textOf(body.open())).toBe('123456789');
  });

  it('breaks with its source', async () => {
    const source = new Source();
    const reader = new ReplayBody(source, 8).open();
    reader.read(0);
    source.destroy(new Error('gone'));
    await expect(textOf(reader)).rejects.toThrow('gone');
  });

  it('lets go of a source that nobody will read, but not of one that an attempt still reads', async () => {
    const source = new Source();
    const body = new ReplayBody(source, 8);
    const reader = body.open();
    body.settle();
    await turn();
    expect(source.destroyed).toBe(false);
    reader.destroy();
    await turn();
    expect(source.destroyed).toBe(true);
  });

  it('lets go of its source at once when the last attempt has ended before', async () => {
    const source = new Source();
    const body = new ReplayBody(source, 8);
    body.open().destroy();
    await turn();
    expect(source.destroyed).toBe(false);
    body.settle();
    expect(source.destroyed).toBe(true);
  });
});
