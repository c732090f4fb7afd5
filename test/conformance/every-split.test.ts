/** The same message cut in two at every place, in both directions: where a packet ends means nothing. */
import { setTimeout as delay } from 'node:timers/promises';
import { type RecordedRequest } from '../support/index.js';
import {
  LISTENERS,
  PROBE,
  probe,
  refusal,
  stableFields,
  startConformanceFixture,
  type ConformanceFixture,
} from './conformance-fixture.js';

let fixture: ConformanceFixture;
beforeAll(async () => {
  fixture = await startConformanceFixture();
});
afterAll(() => fixture.stop());

const TIMEOUT_MS = 60_000;
/** Long enough for the first part to be read alone, most of the time. */
const GAP_MS = 1;

/** Chunk by chunk, as it was framed for the upstream. */
const contentOf = ({ wire, values }: Pick<RecordedRequest, 'wire'> & { values: string }): string => {
  if (values !== 'chunked') return wire.toString();
  return wire
    .toString()
    .replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n/g, (size) => (/^\r?\n?0\r/.test(size) ? '|' : ''));
};

const readingOf = (request: RecordedRequest): readonly string[] => [
  ...request.head.split('\r\n').filter((line) => !line.startsWith('x-request-id')),
  contentOf({ wire: request.wire, values: request.values('transfer-encoding')[0] ?? '' }),
];

const REQUESTS: readonly (readonly [string, string])[] = [
  ['without a body', probe('GET', 'Accept: text/html', 'X-Empty:', 'X-Obs: \xe9')],
  ['with a Content-Length', `${probe('POST', 'Content-Length: 11')}hello world`],
  [
    'in chunks',
    `${probe('PUT', 'Transfer-Encoding: chunked')}5;a=b\r\nhello\r\n006\r\n world\r\n0\r\nX-Sum: 42\r\n\r\n`,
  ],
  ['behind an empty line', `\r\n${probe('OPTIONS')}`],
];

const AMBIGUOUS: readonly (readonly [string, string])[] = [
  ['Content-Length and Transfer-Encoding', probe('POST', 'Content-Length: 5', 'Transfer-Encoding: chunked')],
  ['a folded field', probe('GET', 'X-A: 1\r\n 2')],
  ['a bare LF', probe('GET', 'X-A: 1\nX-B: 2')],
];

const RESPONSES: readonly (readonly [string, string])[] = [
  ['with a Content-Length', 'HTTP/1.1 201 Made\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 11\r\n\r\nhello world'],
  [
    'in chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5;a=b\r\nhello\r\n06\r\n world\r\n0\r\nX-Sum: 42\r\n\r\n',
  ],
  ['without a body', 'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\nX-Obs: \xe9\r\n\r\n'],
  [
    'behind an interim one',
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  ],
];

const MALFORMED: readonly (readonly [string, string])[] = [
  [
    'Content-Length and Transfer-Encoding',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n',
  ],
  ['a bare LF', 'HTTP/1.1 200 OK\r\nX-A: 1\nX-B: 2\r\n\r\n'],
];

describe.each(LISTENERS)('%s listener', (listener) => {
  it.each(REQUESTS)(
    'RFC 9112 section 2.1: a request %s is read the same, cut at any byte',
    async (_title, bytes) => {
      const whole = readingOf(await fixture.forward(listener, bytes));
      const client = await fixture.connect(listener);
      for (let cut = 1; cut < bytes.length; cut += 1) {
        await client.send(bytes.slice(0, cut));
        await delay(GAP_MS);
        const { status } = await client.exchange(bytes.slice(cut));
        const request = fixture.upstream.requests.at(-1);
        expect([cut, status, request && readingOf(request)]).toEqual([cut, 200, whole]);
      }
    },
    TIMEOUT_MS,
  );

  it.each(RESPONSES)(
    'RFC 9112 section 2.1: a response %s is relayed the same, cut at any byte',
    async (_title, bytes) => {
      const client = await fixture.connect(listener);
      const read = async (): Promise<readonly unknown[]> => {
        const response = await client.exchange(probe());
        const { status, reason, framing, end, trailers, interim } = response;
        return [
          status,
          reason,
          framing,
          end,
          trailers,
          interim,
          stableFields(response.fields),
          response.text(),
        ];
      };
      fixture.upstream.reply(PROBE, bytes);
      const whole = await read();
      for (let cut = 1; cut < bytes.length; cut += 1) {
        fixture.upstream.reply(PROBE, async ({ socket }) => {
          socket.write(bytes.slice(0, cut), 'latin1');
          await delay(GAP_MS);
          socket.write(bytes.slice(cut), 'latin1');
        });
        expect([cut, await read()]).toEqual([cut, whole]);
      }
    },
    TIMEOUT_MS,
  );
});

describe('what is refused whole', () => {
  it.each(AMBIGUOUS)(
    'RFC 9112 section 2.2: a request with %s is refused, cut at any byte',
    async (_title, bytes) => {
      for (let cut = 1; cut < bytes.length; cut += 1) {
        const client = await fixture.connect();
        const before = fixture.upstream.requests.length;
        await client.send(bytes.slice(0, cut));
        await delay(GAP_MS);
        const response = await client.exchange(bytes.slice(cut));
        await client.close();
        const forwarded = fixture.upstream.requests.slice(before).map(({ line }) => line);
        const closed = response.field('connection') === 'close';
        expect([cut, { status: response.status, closed, forwarded }]).toEqual([cut, refusal()]);
      }
    },
    TIMEOUT_MS,
  );

  it.each(MALFORMED)(
    'RFC 9112 section 6.3: a response with %s is answered 502, cut at any byte',
    async (_title, bytes) => {
      const client = await fixture.connect();
      for (let cut = 1; cut < bytes.length; cut += 1) {
        fixture.upstream.reply(PROBE, async ({ socket }) => {
          socket.write(bytes.slice(0, cut), 'latin1');
          await delay(GAP_MS);
          socket.write(bytes.slice(cut), 'latin1');
        });
        expect([cut, (await client.exchange(probe())).status]).toEqual([cut, 502]);
      }
    },
    TIMEOUT_MS,
  );
});
