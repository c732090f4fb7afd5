/**
 * Bodies travel in buffers that are lent and used again. Many at once, on kept-alive connections, some of them broken off by
 * either side at any moment: every byte that arrives must be one of its own body.
 */
import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import type { Writable } from 'node:stream';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import {
  startHttpUpstream,
  startTorus,
  testCertificate,
  type HttpHandler,
  type RunningTorus,
  type TestCertificate,
  type TestUpstream,
} from '../../support/index.js';

const CLIENTS = 24;
const EXCHANGES = 12;
const MAX_BYTES = 300_000;

/** Bytes that tell by themselves whose they are and where they belong. */
function bodyOf(key: string, size: number): Buffer {
  const body = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at += 1024) body.fill(`<${key} ${String(at)}>`, at, Math.min(at + 1024, size));
  return body;
}

/** The same numbers in every run (Numerical Recipes' generator). */
class Numbers {
  private state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  below(bound: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * bound);
  }
}

const gather = async (message: AsyncIterable<Buffer>): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece);
  return Buffer.concat(pieces);
};

/** Writes in pieces of any size, as fast as they are taken. */
async function writePieces(sink: Writable, body: Buffer, numbers: Numbers) {
  for (let at = 0; at < body.length;) {
    const size = 1 + numbers.below(90_000);
    if (!sink.write(body.subarray(at, at + size)))
      await new Promise((resolve) => sink.once('drain', resolve));
    at += size;
  }
}

/** `/down/KEY/SIZE` answers that body, in a length or in chunks; `/up/KEY/SIZE` says whether it got it; `/break` breaks off. */
const serve: HttpHandler = async (request, response) => {
  const [, , action = '', key = '', size = ''] = (request.url ?? '').split('/');
  const expected = bodyOf(key, Number(size));
  if (action === 'up') {
    response.end((await gather(request as AsyncIterable<Buffer>)).equals(expected) ? 'same' : 'DIFFERENT');
    return;
  }
  if (expected.length % 2 === 0) response.setHeader('content-length', expected.length);
  if (action === 'down') {
    await writePieces(response, expected, new Numbers(expected.length));
    response.end();
  } else response.write(expected.subarray(0, expected.length / 2), () => response.destroy());
};

interface Way {
  readonly origin: string;
  readonly upstream: string;
}

let certificate: TestCertificate;
let torus: RunningTorus;
let upstreams: TestUpstream[];

beforeAll(async () => {
  certificate = await testCertificate();
  const plain = await startHttpUpstream(serve);
  const secure = await startHttpUpstream(serve, { tls: certificate });
  upstreams = [plain, secure];
  const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [
        { name: 'plain', address: '127.0.0.1:0' },
        { name: 'secure', address: '127.0.0.1:0', tls },
      ],
      upstreams: {
        plain: { endpoints: [plain.url] },
        secure: { endpoints: [secure.url], tls: { ca: certificate.caFile } },
      },
      routes: [
        { name: 'plain', match: { path: '/plain/*' }, upstream: 'plain' },
        { name: 'secure', match: { path: '/secure/*' }, upstream: 'secure' },
      ],
    },
  });
});

afterAll(async () => {
  await torus.stop();
  await Promise.all(upstreams.map((upstream) => upstream.close()));
});

/** One client with one connection at a time; what it saw go wrong, and how much went well. */
class Client {
  readonly wrong: string[] = [];
  intact = 0;
  private readonly agent: HttpAgent;

  private readonly way: Way;
  private readonly name: string;
  private readonly numbers: Numbers;

  constructor(way: Way, name: string, numbers: Numbers) {
    this.way = way;
    this.name = name;
    this.numbers = numbers;
    const options = { keepAlive: true, maxSockets: 1 };
    this.agent = way.origin.startsWith('https')
      ? new HttpsAgent({ ...options, ca: certificate.caPem })
      : new HttpAgent(options);
  }

  async run(): Promise<void> {
    for (let index = 0; index < EXCHANGES; index += 1)
      // A kept-alive connection may close under a new request: that is an error, and no wrong byte.
      await this.exchange(`${this.name}-${String(index)}`).catch(() => undefined);
    this.agent.destroy();
  }

  private async exchange(key: string): Promise<void> {
    const size = this.numbers.below(MAX_BYTES);
    const kind = this.numbers.below(5);
    if (kind < 2) await this.download(key, size);
    else if (kind < 4) await this.upload(key, size);
    else await this.breakOff(key, size);
  }

  private begin(method: string, action: string, key: string, size: number): ClientRequest {
    const url = `${this.way.origin}/${this.way.upstream}/${action}/${key}/${String(size)}`;
    const request = url.startsWith('https') ? httpsRequest : httpRequest;
    return request(url, { method, agent: this.agent });
  }

  private async download(key: string, size: number): Promise<void> {
    const body = await this.answer(this.begin('GET', 'down', key, size).end());
    this.judge(key, body.equals(bodyOf(key, size)));
  }

  private async upload(key: string, size: number): Promise<void> {
    const request = this.begin('POST', 'up', key, size);
    if (size % 2 === 0) request.setHeader('content-length', size);
    const body = bodyOf(key, size);
    const written = writePieces(request, body, this.numbers).then(() => request.end());
    const [answer] = await Promise.all([this.answer(request), written]);
    this.judge(key, answer.toString() === 'same');
  }

  /** By the client in the middle of an upload, or by the upstream in the middle of its response. */
  private async breakOff(key: string, size: number): Promise<void> {
    const isUpload = this.numbers.below(2) === 0;
    const request = isUpload ? this.begin('POST', 'up', key, size) : this.begin('GET', 'break', key, size);
    const over = this.answer(request).then(
      (body) => this.judge(key, isUpload || body.length < size || size < 2),
      () => undefined,
    );
    if (!isUpload) request.end();
    else request.write(bodyOf(key, size).subarray(0, size / 2), () => request.destroy());
    await over;
  }

  private async answer(request: ClientRequest): Promise<Buffer> {
    const message = await new Promise<IncomingMessage>((resolve, reject) =>
      request.on('response', resolve).on('error', reject),
    );
    return gather(message as AsyncIterable<Buffer>);
  }

  private judge(key: string, isIntact: boolean): void {
    if (isIntact) this.intact += 1;
    else this.wrong.push(key);
  }
}

const WAYS = ['plain', 'secure'].flatMap((listener) =>
  ['plain', 'secure'].map((upstream) => ({ listener, upstream })),
);

it('every byte that arrives belongs to its body, while others are broken off', async () => {
  const workers = torus.workers();
  const clients = Array.from({ length: CLIENTS }, (_, index) => {
    const { listener, upstream } = WAYS[index % WAYS.length] ?? { listener: '', upstream: '' };
    return new Client(
      { origin: torus.url(listener), upstream },
      `client-${String(index)}`,
      new Numbers(index),
    );
  });
  await Promise.all(clients.map((client) => client.run()));
  expect(clients.flatMap(({ wrong }) => wrong)).toEqual([]);
  expect(clients.reduce((sum, { intact }) => sum + intact, 0)).toBeGreaterThan((CLIENTS * EXCHANGES) / 2);
  expect(torus.workers()).toEqual(workers);
});
