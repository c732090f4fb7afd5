/** A built gateway with a plain, a TLS and an impatient listener before a recording upstream, and what each test asks of it. */
import type { Socket } from 'node:net';
import {
  rawClient,
  requestHead,
  startRecordingUpstream,
  startTorus,
  testCertificate,
  type RawClient,
  type ReadResponse,
  type RecordedRequest,
  type RecordingUpstream,
  type RunningTorus,
} from '../support/index.js';

export type ListenerName = 'plain' | 'secure' | 'impatient';
export const LISTENERS: readonly ListenerName[] = ['plain', 'secure'];

/** How long the impatient listener waits for a head, a body byte, or the next request. */
export const IMPATIENCE_MS = 300;

/** Where a test's own request goes; everything else is a request that nobody should have made out of its bytes. */
export const PROBE = '/probe';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

export interface Outcome {
  /** To the bytes sent. */
  readonly response: ReadResponse;
  /** What reached the upstream because of them. */
  readonly forwarded: readonly RecordedRequest[];
  /** The connection was ended by the gateway. */
  readonly closed: boolean;
}

export interface Refusal {
  readonly status: number;
  readonly closed: boolean;
  /** Request lines that reached the upstream. */
  readonly forwarded: readonly string[];
}

export const refusal = (status = 400): Refusal => ({ status, closed: true, forwarded: [] });

export interface Relayed {
  readonly response: ReadResponse;
  /** `cause` of the problem document; undefined when the answer is none. */
  readonly cause: string | undefined;
  /** What a client that came later got: never anything of the response before it. */
  readonly next: ReadResponse;
  /** The upstream connection served the later client too. */
  readonly reused: boolean;
}

/** Bytes of a response, or what to do with the socket. */
export type UpstreamAnswer = string | ((socket: Socket, request: RecordedRequest) => void | Promise<void>);

export class ConformanceFixture {
  readonly torus: RunningTorus;
  readonly upstream: RecordingUpstream;
  private readonly clients: RawClient[] = [];

  constructor(torus: RunningTorus, upstream: RecordingUpstream) {
    this.torus = torus;
    this.upstream = upstream;
  }

  async connect(listener: ListenerName = 'plain'): Promise<RawClient> {
    const client = await rawClient({ port: this.torus.port(listener), tls: listener === 'secure' });
    this.clients.push(client);
    return client;
  }

  /** Sends bytes on a connection of their own, then a request of another client, so that nothing of the first is still under way. */
  async send(listener: ListenerName, bytes: string, method = 'GET'): Promise<Outcome> {
    const client = await this.connect(listener);
    const before = this.upstream.requests.length;
    const response = await client.exchange(bytes, { method });
    const closed = response.field('connection') === 'close' && (await client.ended()) === 'fin';
    await client.close();
    await this.ask();
    const forwarded = this.upstream.requests.slice(before).filter(({ line }) => !line.includes(' /witness '));
    return { response, forwarded, closed };
  }

  /** Short form of `send` for what must go no further: compare it with `refusal(status)`. */
  async judge(listener: ListenerName, bytes: string): Promise<Refusal> {
    const { response, forwarded, closed } = await this.send(listener, bytes);
    return { status: response.status, closed, forwarded: forwarded.map(({ line }) => line) };
  }

  /** What the upstream got for one request that is well formed. */
  async forward(listener: ListenerName, bytes: string, method = 'GET'): Promise<RecordedRequest> {
    const { response, forwarded } = await this.send(listener, bytes, method);
    const [request, ...others] = forwarded;
    if (request === undefined || others.length > 0)
      throw new Error(
        `${String(forwarded.length)} requests reached the upstream (${String(response.status)})`,
      );
    return request;
  }

  /** What a client gets when the upstream answers `request` like this, and what the client after it gets. */
  async relay(listener: ListenerName, answer: UpstreamAnswer, request = 'GET'): Promise<Relayed> {
    this.upstream.reply(
      PROBE,
      typeof answer === 'string' ? answer : (recorded) => answer(recorded.socket, recorded),
    );
    const client = await this.connect(listener);
    const response = await client.exchange(requestHead(`${request} ${PROBE}`), { method: request });
    await client.close();
    this.upstream.reply(PROBE, OK);
    const carrier = this.upstream.requests.at(-1)?.connection;
    const next = await this.ask(listener);
    const reused = this.upstream.requests.at(-1)?.connection === carrier;
    return { response, cause: causeOf(response), next, reused };
  }

  async stop(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
    await this.torus.stop();
    await this.upstream.close();
  }

  private async ask(listener: ListenerName = 'plain'): Promise<ReadResponse> {
    const witness = await this.connect(listener);
    const response = await witness.exchange(requestHead('GET /witness'));
    await witness.close();
    return response;
  }
}

export const causeOf = (response: ReadResponse): string | undefined =>
  response.field('content-type') === 'application/problem+json'
    ? (JSON.parse(response.text()) as { readonly cause?: string }).cause
    : undefined;

/** A request for `/probe`; further fields as lines. */
export const probe = (method = 'GET', ...fields: readonly string[]): string =>
  requestHead(`${method} ${PROBE}`, ...fields);

/** Names in lower case with their values, without what differs from message to message. */
export const stableFields = (lines: readonly (readonly [string, string])[]): readonly string[] =>
  lines
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    .filter((line) => !/^(?:date|x-request-id): /.test(line));

export const startConformanceFixture = async (config: object = {}): Promise<ConformanceFixture> => {
  const certificate = await testCertificate();
  const upstream = await startRecordingUpstream();
  const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
  const shared = { address: '127.0.0.1:0', limits: { requestsPerConnection: 1_000_000 } };
  const impatience = `${String(IMPATIENCE_MS)}ms`;
  const timeouts = { requestHead: impatience, bodyGap: impatience, keepAlive: impatience };
  const starting = startTorus({
    config: {
      workers: 1,
      listeners: [
        { name: 'plain', ...shared },
        { name: 'secure', ...shared, tls },
        { name: 'impatient', ...shared, timeouts },
      ],
      admin: { address: '127.0.0.1:0' },
      shutdown: { timeout: '1s' },
      upstreams: { recorder: { endpoints: [upstream.url] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'recorder', upgrades: ['websocket'] }],
      ...config,
    },
  });
  const torus = await starting.catch(async (error: unknown) => {
    await upstream.close();
    throw error;
  });
  return new ConformanceFixture(torus, upstream);
};
