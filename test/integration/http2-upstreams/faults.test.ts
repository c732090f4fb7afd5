/** HTTP/2 upstreams that leave, refuse, break off, lie or fall silent: what the client gets, and what becomes of the connection. */
import {
  END_STREAM,
  FRAME,
  accessLine,
  frame,
  ledgerOf,
  metricSum,
  rawClient,
  requestHead,
  startFrameUpstream,
  until,
  whenNothingIsOpen,
  type FrameServer,
  type FrameUpstream,
} from '../../support/index.js';
import { CLIENTS, startGateway, type Answer, type Ask, type Client, type Gateway } from './gateway.js';

const CANCEL = 8;
const OK: readonly (readonly [string, string])[] = [[':status', '200']];

type Script = (server: FrameServer, stream: number, connection: number) => void;

const serve: Script = (server, stream) =>
  server.send(server.head(stream, OK), server.data(stream, 'ok', END_STREAM));
let script: Script = serve;
let upstream: FrameUpstream;
let deaf: FrameUpstream;
let gateway: Gateway;

beforeAll(async () => {
  upstream = await startFrameUpstream((...request) => script(...request));
  deaf = await startFrameUpstream((...request) => script(...request), { silentToPings: true });
  gateway = await startGateway({
    upstreams: {
      main: { endpoints: [upstream.url], protocol: 'http2' },
      deaf: {
        endpoints: [deaf.url],
        protocol: 'http2',
        http2: { pingInterval: '20s', pingTimeout: '200ms' },
      },
    },
    route: { timeouts: { responseHead: '1s', idle: '1s' } },
  });
});

afterEach(async () => {
  script = serve;
  // Every test begins with a connection of its own.
  for (const { socket } of upstream.connections) socket.destroy();
  await until(async () => (await ledgerOf(gateway.torus)).inFlight === 0);
  await upstream.whenOpenSockets(0);
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([upstream.close(), deaf.close()]);
});

let asked = 0;
interface Outcome extends Answer {
  /** As the access log has it. */
  readonly logged: { readonly cause: unknown; readonly detail: unknown; readonly attempts: unknown };
}
const ask = async (client: Client, request: Ask = {}, name = 'main'): Promise<Outcome> => {
  const path = `/${name}/${String((asked += 1))}`;
  const answer = await gateway.ask(client, path, request);
  const line = await accessLine(gateway.torus, path);
  return { ...answer, logged: { cause: line['cause'], detail: line['detail'], attempts: line['attempts'] } };
};

const latest = (): FrameServer => upstream.connections.at(-1)!;
const POST: Ask = { method: 'POST', body: Buffer.from('pay once') };
/** A streamed body cannot be sent again: from a client of HTTP/2 every body is one. */
const repeatable = (client: Client): Ask => (client === 'http1' ? POST : { method: 'POST' });

/** Torus has closed its side. */
const whenClosed = ({ socket }: FrameServer): Promise<unknown> =>
  until(() => socket.destroyed || socket.readableEnded);

describe('GOAWAY', () => {
  it.each(CLIENTS)(
    'sends what the endpoint did not take to another connection, even a POST (%s)',
    async (client) => {
      const before = upstream.connections.length;
      script = (server, stream, connection) => {
        if (connection > before + 1) serve(server, stream, connection);
        else if (stream === 5) server.send(server.goaway(1));
      };
      const first = ask(client);
      await until(
        () =>
          upstream.connections.length === before + 1 && latest().frames.some(({ stream }) => stream === 1),
      );
      const second = ask(client, repeatable(client));
      await until(() => latest().frames.some(({ stream }) => stream === 3));
      const third = ask(client, repeatable(client));
      for (const answer of [await second, await third]) {
        expect([answer.status, answer.body.toString(), answer.logged.attempts]).toEqual([200, 'ok', 2]);
      }
      const old = upstream.connections[before]!;
      serve(old, 1, 1);
      const kept = await first;
      expect([kept.status, kept.logged.attempts]).toEqual([200, 1]);
      // With its last exchange the connection goes.
      await whenClosed(old);
      const labels = { side: 'upstream', reason: 'goaway' };
      await until(async () => (await metricSum(gateway.torus, 'torus_sockets_closed_total', labels)) > 0);
    },
  );

  it('while nothing runs makes the next exchange take another connection', async () => {
    await ask('http1');
    const old = latest();
    old.send(old.goaway(2 ** 31 - 1));
    await whenClosed(old);
    expect((await ask('http1')).status).toBe(200);
    expect(latest()).not.toBe(old);
  });

  it('for an error ends what was taken and runs, and sends the rest again', async () => {
    const before = upstream.connections.length;
    script = (server, stream, connection) => {
      if (connection > before + 1) serve(server, stream, connection);
      else if (stream === 3) server.send(server.goaway(1, 11));
    };
    const taken = ask('http1', POST);
    await until(
      () => upstream.connections.length === before + 1 && latest().frames.some(({ stream }) => stream === 1),
    );
    const rest = ask('http1', POST);
    expect((await rest).status).toBe(200);
    const lost = await taken;
    expect([lost.status, lost.logged]).toEqual([
      502,
      { cause: 'upstream.head.reset', detail: 'goaway-11', attempts: 1 },
    ]);
  });
});

describe('REFUSED_STREAM', () => {
  it.each(CLIENTS)('of a POST of %s is tried again', async (client) => {
    let refused = 0;
    script = (server, stream) => {
      if ((refused += 1) === 1) server.send(server.reset(stream, 7));
      else serve(server, stream, 0);
    };
    const answer = await ask(client, POST);
    expect([answer.status, answer.logged.attempts]).toEqual([200, 2]);
    const sent = latest().frames.filter(({ type }) => type === FRAME.data);
    expect(sent.map(({ payload }) => String(payload)).join('')).toMatch(/pay once$/);
    const labels = { upstream: 'main', reason: 'refused-stream' };
    expect(await metricSum(gateway.torus, 'torus_upstream_retries_total', labels)).toBeGreaterThan(0);
  });

  it('again and again is answered with 503', async () => {
    script = (server, stream) => server.send(server.reset(stream, 7));
    const answer = await ask('http2', repeatable('http2'));
    expect([answer.status, answer.cause, answer.logged.attempts]).toEqual([503, 'upstream.head.refused', 3]);
  });
});

describe('a stream that is reset before its head', () => {
  it.each([
    ['CANCEL', 8, 'upstream.head.reset', 'rst-8'],
    ['INTERNAL_ERROR', 2, 'upstream.head.reset', 'rst-2'],
    ['ENHANCE_YOUR_CALM', 11, 'upstream.head.reset', 'rst-11'],
    ['HTTP_1_1_REQUIRED', 13, 'upstream.head.reset', 'rst-13'],
    ['NO_ERROR', 0, 'upstream.head.closed', 'closed'],
    ['PROTOCOL_ERROR', 1, 'upstream.head.malformed', 'protocol-error'],
  ])('with %s has its cause, and the connection serves on', async (_name, code, cause, detail) => {
    script = (server, stream) => server.send(server.reset(stream, code));
    const answer = await ask('http1');
    expect([answer.status, answer.logged]).toEqual([502, { cause, detail, attempts: 1 }]);
    script = serve;
    expect((await ask('http1')).status).toBe(200);
    expect(latest().frames.filter(({ type }) => type === FRAME.headers).length).toBe(2);
  });
});

describe.each(CLIENTS)('a response that is cut off (%s)', (client) => {
  const cut = (script_: Script) => {
    script = script_;
    return ask(client);
  };
  const part = (server: FrameServer, stream: number): Buffer =>
    Buffer.concat([server.head(stream, OK), server.data(stream, 'part of it')]);

  it.each([
    ['by RST_STREAM', CANCEL, 'upstream.body.reset'],
    ['by RST_STREAM without an error', 0, 'upstream.body.closed'],
    ['by RST_STREAM for a breach of the protocol', 1, 'upstream.body.malformed'],
  ])('%s never looks complete', async (_how, code, cause) => {
    // In one packet, and in two.
    const together = await cut((server, stream) =>
      server.send(part(server, stream), server.reset(stream, code)),
    );
    expect(together.complete && together.status === 200).toBe(false);
    const apart = await cut((server, stream) => {
      server.send(part(server, stream));
      setTimeout(() => server.send(server.reset(stream, code)), 50);
    });
    expect([apart.status, apart.complete, apart.logged.cause]).toEqual([200, false, cause]);
  });

  it('by the end of the connection never looks complete', async () => {
    const answer = await cut((server, stream) => {
      server.send(part(server, stream));
      setTimeout(() => server.socket.end(), 50);
    });
    expect([answer.status, answer.complete, answer.logged.cause]).toEqual([
      200,
      false,
      'upstream.body.closed',
    ]);
  });

  it('by a reset of the connection never looks complete', async () => {
    const answer = await cut((server, stream) => {
      server.send(part(server, stream));
      setTimeout(() => server.socket.resetAndDestroy(), 50);
    });
    expect([answer.complete, answer.logged.cause]).toEqual([false, 'upstream.body.reset']);
  });

  it('by silence never looks complete', async () => {
    const answer = await cut((server, stream) => server.send(part(server, stream)));
    expect([answer.complete, answer.logged.cause]).toEqual([false, 'upstream.body.timeout']);
    // The stream alone is given up.
    await until(() => latest().frames.some(({ type }) => type === FRAME.rstStream));
    expect(latest().socket.destroyed).toBe(false);
  });

  it.each([
    ['shorter', 'abc', END_STREAM],
    ['longer', 'abcdefgh', END_STREAM],
  ])('and is %s than it said never looks complete', async (_how, text, flags) => {
    const answer = await cut((server, stream) => {
      server.send(server.head(stream, [...OK, ['content-length', '5']]));
      setTimeout(() => server.send(server.data(stream, text, flags)), 50);
    });
    expect([answer.complete, answer.logged.cause]).toEqual([false, 'upstream.body.malformed']);
    const whole = await cut((server, stream) =>
      server.send(server.head(stream, [...OK, ['content-length', '5']]), server.data(stream, text, flags)),
    );
    expect(whole.complete && whole.status === 200).toBe(false);
  });
});

it.each(CLIENTS)(
  'a whole response outlives its connection, however slowly the client reads it (%s)',
  async (client) => {
    // As much as the window lets come before the client has read it.
    const body = 'x'.repeat(60_000);
    script = (server, stream) => {
      server.send(server.head(stream, OK));
      for (let at = 0; at < body.length; at += 10_000)
        server.send(server.data(stream, body.slice(at, at + 10_000)));
      server.send(server.data(stream, '', END_STREAM), server.goaway(stream));
      server.socket.end();
    };
    const answer = await ask(client);
    expect([answer.complete, answer.body.length]).toEqual([true, body.length]);
  },
);

describe('a connection that breaks with many exchanges on it', () => {
  it('ends each of them with its cause, and is replaced', async () => {
    await ask('http1');
    const before = upstream.connections.length;
    let running = 0;
    script = (server, stream, connection) => {
      if (connection > before) {
        serve(server, stream, connection);
        return;
      }
      running += 1;
      if (running === 40) server.socket.resetAndDestroy();
    };
    const gets = Array.from({ length: 20 }, () => ask('http2'));
    const posts = Array.from({ length: 20 }, () => ask('http2', POST));
    // What may be sent twice is, on another connection.
    for (const answer of await Promise.all(gets))
      expect([answer.status, answer.logged.attempts]).toEqual([200, 2]);
    for (const answer of await Promise.all(posts))
      expect([answer.status, answer.logged.cause]).toEqual([502, 'upstream.head.reset']);
    expect(upstream.connections.length).toBe(before + 1);
  });
});

describe('silence', () => {
  it('before the head is 504; the stream is cancelled and the connection stays', async () => {
    script = () => undefined;
    const answer = await ask('http1');
    expect([answer.status, answer.cause]).toEqual([504, 'upstream.head.timeout']);
    await until(() => latest().frames.some(({ type }) => type === FRAME.rstStream));
    const [reset] = latest().frames.filter(({ type }) => type === FRAME.rstStream);
    expect([reset!.stream, reset!.payload.readUInt32BE(0)]).toEqual([1, CANCEL]);
    script = serve;
    expect((await ask('http1')).status).toBe(200);
  });

  it('of a connection that answers no PING either costs one exchange its time, and not the next', async () => {
    script = (server, stream, connection) => {
      if (connection > 1) serve(server, stream, connection);
    };
    const first = await ask('http1', POST, 'deaf');
    expect(first.cause).toBe('upstream.head.timeout');
    const second = await ask('http1', POST, 'deaf');
    expect([second.status, second.logged.attempts]).toEqual([200, 1]);
    await whenClosed(deaf.connections[0]!);
  });

  it.each(CLIENTS)(
    'of an endpoint that opens no window for a request ends the exchange (%s)',
    async (client) => {
      script = () => undefined;
      const answer = await ask(client, { method: 'POST', body: Buffer.alloc(300_000) });
      expect([answer.status, answer.cause]).toEqual([504, 'upstream.request.timeout']);
      const sent = latest().frames.filter(({ type }) => type === FRAME.data);
      expect(sent.reduce((sum, { payload }) => sum + payload.length, 0)).toBeLessThanOrEqual(65_535);
      expect(sent.some(({ flags }) => (flags & END_STREAM) !== 0)).toBe(false);
    },
  );

  it.each(['', 'a part of it'])(
    'of both sides inside a request is not the endpoint’s alone (%j)',
    async (part) => {
      script = () => undefined;
      const path = `/main/${String((asked += 1))}`;
      const client = await gateway.connect();
      const response = await client.exchange(`${requestHead(`POST ${path}`, 'Content-Length: 100')}${part}`);
      expect(response.status).toBe(504);
      const line = await accessLine(gateway.torus, path);
      expect(line).toMatchObject({ cause: 'upstream.exchange.timeout', detail: 'idle' });
      await client.close();
    },
  );
});

describe('a client that leaves', () => {
  const resetOf = async (stream: number): Promise<number> => {
    const found = await until(() =>
      latest().frames.find((at) => at.type === FRAME.rstStream && at.stream === stream),
    );
    return found.payload.readUInt32BE(0);
  };

  it.each(['before the head', 'inside the body'])('%s cancels its stream alone', async (when) => {
    script = (server, stream) => {
      if (when === 'inside the body') server.send(server.head(stream, OK), server.data(stream, 'part'));
    };
    const before = upstream.connections.length;
    const client = await rawClient({ port: gateway.torus.port('plain') });
    await client.send(requestHead('GET /main/left'));
    await until(
      () =>
        upstream.connections.length > before && latest().frames.some(({ type }) => type === FRAME.headers),
    );
    if (when === 'inside the body') await client.readUntil('part');
    await client.close();
    expect(await resetOf(1)).toBe(CANCEL);
    script = serve;
    expect((await ask('http1')).status).toBe(200);
    expect(latest().frames.some(({ type, stream }) => type === FRAME.headers && stream === 3)).toBe(true);
  });

  it.each(CLIENTS)('inside its request never makes the upstream see a whole one (%s)', async (client) => {
    script = () => undefined;
    const before = upstream.connections.length;
    if (client === 'http1') {
      const raw = await rawClient({ port: gateway.torus.port('plain') });
      await raw.send(`${requestHead('POST /main/left', 'Transfer-Encoding: chunked')}5\r\nhello\r\n`);
      await until(
        () => upstream.connections.length > before && latest().frames.some(({ type }) => type === FRAME.data),
      );
      await raw.close();
    } else {
      const session = await gateway.session();
      const stream = session.request({ ':method': 'POST', ':path': '/main/left', ':authority': 'a' });
      stream.on('error', () => undefined);
      stream.write('hello');
      await until(
        () => upstream.connections.length > before && latest().frames.some(({ type }) => type === FRAME.data),
      );
      stream.destroy();
    }
    expect(await resetOf(1)).toBe(CANCEL);
    const ended = latest().frames.filter(
      ({ stream, flags, type }) => stream === 1 && type < 2 && (flags & END_STREAM) !== 0,
    );
    expect(ended).toEqual([]);
  });
});

it('a promise that nobody asked for ends the connection, and no other', async () => {
  script = (server, stream) => server.send(frame(FRAME.pushPromise, 4, stream, Buffer.from([0, 0, 0, 2])));
  const answer = await ask('http1', POST);
  expect([answer.status, answer.cause]).toEqual([502, 'upstream.head.malformed']);
  script = serve;
  expect((await ask('http1')).status).toBe(200);
});

it('an endless row of interim responses is a fault', async () => {
  script = (server, stream) => {
    for (let at = 0; at < 40; at += 1) server.send(server.head(stream, [[':status', '103']]));
  };
  const answer = await ask('http1');
  expect([answer.status, answer.logged.detail]).toEqual([502, 'interim-count']);
});

it('an upgrade is refused by name: HTTP/2 has none', async () => {
  const client = await rawClient({ port: gateway.torus.port('plain') });
  const upgrade = [
    'Connection: upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ];
  const response = await client.exchange(requestHead('GET /main/socket', ...upgrade));
  expect([response.status, response.text()]).toEqual([
    501,
    expect.stringContaining('upstream.upgrade.unsupported'),
  ]);
  await client.close();
});

it('holds no socket when all is over', async () => {
  await gateway.closeClients();
  for (const one of [upstream, deaf]) one.resetAll();
  await whenNothingIsOpen(gateway.torus);
});
