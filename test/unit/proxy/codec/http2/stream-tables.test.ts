/** The tables that stand in for Node's own: as good as those, and accepted by every Node that is supported. */
import { once } from 'node:events';
import { connect, createServer } from 'node:http2';
import type { ClientHttp2Session, Http2Stream, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import {
  StreamsById,
  StreamsWithoutId,
  useArrayTables,
} from '../../../../../src/proxy/codec/http2/stream-tables.js';

const stream = (name: string): Http2Stream => ({ name }) as unknown as Http2Stream;
const [a, b, c] = [stream('a'), stream('b'), stream('c')];

const visited = (table: { forEach(visit: (stream: Http2Stream) => void): void }): Http2Stream[] => {
  const seen: Http2Stream[] = [];
  table.forEach((each) => seen.push(each));
  return seen;
};

describe('streams by id', () => {
  it('finds each by its id until it is deleted', () => {
    const table = new StreamsById().set(1, a).set(3, b).set(5, c);
    expect(table.delete(1)).toBe(true);
    expect([table.get(1), table.get(3), table.get(5), table.size]).toEqual([undefined, b, c, 2]);
    expect([table.delete(5), table.delete(3), table.delete(3), table.size]).toEqual([true, true, false, 0]);
  });

  it('replaces the stream of an id', () => {
    const table = new StreamsById().set(1, a).set(1, b);
    expect([table.get(1), table.size]).toEqual([b, 1]);
  });

  it('visits all that were there, also when the visit deletes them', () => {
    const table = new StreamsById().set(1, a).set(3, b).set(5, c);
    const seen: Http2Stream[] = [];
    table.forEach((each) => {
      seen.push(each);
      [1, 3, 5].forEach((id) => table.delete(id));
    });
    expect([seen, table.size]).toEqual([[a, b, c], 0]);
  });
});

describe('streams without an id', () => {
  it('holds each once until it is deleted', () => {
    const table = new StreamsWithoutId().add(a).add(b).add(a).add(c);
    expect([table.size, table.delete(a), table.delete(a), visited(table)]).toEqual([3, true, false, [c, b]]);
  });
});

describe('a session of this Node', () => {
  let server: ReturnType<typeof createServer>;
  let client: ClientHttp2Session;
  let session: ServerHttp2Session;

  beforeEach(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = connect(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    client.on('error', () => undefined);
    [session] = (await once(server, 'session')) as [ServerHttp2Session];
  });

  afterEach(() => {
    client.destroy();
    server.close();
  });

  it('takes the tables before its first stream, on either side', () => {
    expect([useArrayTables(session), useArrayTables(client)]).toEqual([true, true]);
  });

  it('keeps its own where a stream is there already', async () => {
    client.request({ ':path': '/' }).on('error', () => undefined);
    await once(server, 'stream');
    expect([useArrayTables(session), useArrayTables(client)]).toEqual([false, false]);
  });

  it('waits for the streams in them before it closes', async () => {
    useArrayTables(session);
    const request = client.request({ ':path': '/' });
    const [inner] = (await once(server, 'stream')) as [ServerHttp2Stream];
    session.close();
    expect(session.destroyed).toBe(false);
    inner.respond();
    inner.end('all of it');
    const closed = once(session, 'close');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    await closed;
    expect(Buffer.concat(chunks).toString()).toBe('all of it');
  });

  it('resets the streams in them when it is destroyed', async () => {
    useArrayTables(session);
    client.request({ ':path': '/' }).on('error', () => undefined);
    const [inner] = (await once(server, 'stream')) as [ServerHttp2Stream];
    inner.on('error', () => undefined);
    const gone = once(inner, 'close');
    session.destroy();
    await gone;
    expect(inner.destroyed).toBe(true);
  });
});
