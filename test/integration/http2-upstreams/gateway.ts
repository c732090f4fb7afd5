/** A gateway with a TLS listener and a plain one for both protocols, before whatever upstreams a test names. */
import type { ClientHttp2Session } from 'node:http2';
import {
  closeHttp2,
  http2Ask,
  http2Session,
  rawClient,
  requestHead,
  startTorus,
  testCertificate,
  type Http2Answer,
  type RawClient,
  type RunningTorus,
} from '../../support/index.js';

export type Client = 'http1' | 'http2';
export const CLIENTS: readonly Client[] = ['http1', 'http2'];

/** What either kind of client got. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
  field(name: string): string | undefined;
  readonly trailers: Readonly<Record<string, string>>;
  readonly interim: readonly number[];
  /** The message ended as it should. */
  readonly complete: boolean;
  /** Of the problem document that it is, if it is one. */
  readonly cause: string | undefined;
}

export interface Ask {
  readonly method?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly trailers?: Readonly<Record<string, string>>;
}

const CRLF = '\r\n';

export class Gateway {
  readonly torus: RunningTorus;
  private readonly open: (() => Promise<void>)[] = [];
  private shared: ClientHttp2Session | undefined;

  constructor(torus: RunningTorus) {
    this.torus = torus;
  }

  async session(): Promise<ClientHttp2Session> {
    const session = await http2Session({ port: this.torus.port('plain'), tls: false });
    this.open.push(() => closeHttp2(session));
    return session;
  }

  async connect(): Promise<RawClient> {
    const client = await rawClient({ port: this.torus.port('plain') });
    this.open.push(() => client.close());
    return client;
  }

  ask(client: Client, path: string, request: Ask = {}): Promise<Answer> {
    return client === 'http2' ? this.askHttp2(path, request) : this.askHttp1(path, request);
  }

  async closeClients(): Promise<void> {
    this.shared = undefined;
    await Promise.all(this.open.splice(0).map((close) => close()));
  }

  async stop(): Promise<void> {
    await this.closeClients();
    await this.torus.stop();
  }

  private async askHttp2(path: string, { method, fields = {}, body, trailers }: Ask): Promise<Answer> {
    if (this.shared === undefined || this.shared.closed || this.shared.destroyed)
      this.shared = await this.session();
    const head = {
      ':path': path,
      ':authority': 'example.test',
      ...(method ? { ':method': method } : {}),
      ...fields,
    };
    return fromHttp2(await http2Ask(this.shared, head, body, trailers));
  }

  private async askHttp1(path: string, { method, fields = {}, body, trailers }: Ask): Promise<Answer> {
    const client = await this.connect();
    const verb = method ?? (body === undefined ? 'GET' : 'POST');
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
    const framing =
      trailers !== undefined
        ? ['Transfer-Encoding: chunked']
        : body === undefined
          ? []
          : [`Content-Length: ${String(body.length)}`];
    const head = requestHead(`${verb} ${path}`, ...lines, ...framing);
    const pieces = [
      Buffer.from(head, 'latin1'),
      ...(trailers === undefined ? [body ?? Buffer.alloc(0)] : chunked(body, trailers)),
    ];
    const response = await client.exchange(Buffer.concat(pieces), { method: verb, timeoutMs: 10_000 });
    await client.close();
    const answer = {
      status: response.status,
      body: response.body,
      field: (name: string) => response.field(name),
      trailers: Object.fromEntries(response.trailers.map(([name, value]) => [name.toLowerCase(), value])),
      interim: response.interim.map(({ status }) => status),
      complete: response.end === 'complete',
    };
    return { ...answer, cause: causeIn(answer.field('content-type'), answer.body) };
  }
}

const chunked = (body: Buffer | undefined, trailers: Readonly<Record<string, string>>): Buffer[] => {
  const lines = Object.entries(trailers).map(([name, value]) => `${name}: ${value}${CRLF}`);
  const content = body ?? Buffer.alloc(0);
  const piece = content.length === 0 ? '' : `${content.length.toString(16)}${CRLF}`;
  const after = content.length === 0 ? '' : CRLF;
  return [Buffer.from(piece), content, Buffer.from(`${after}0${CRLF}${lines.join('')}${CRLF}`)];
};

const fromHttp2 = (answer: Http2Answer): Answer => {
  const field = (name: string): string | undefined => {
    const value = answer.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  return {
    status: answer.status,
    body: answer.body,
    field,
    trailers: Object.fromEntries(Object.entries(answer.trailers ?? {})) as Record<string, string>,
    interim: answer.interim,
    complete: answer.rstCode === 0,
    cause: causeIn(field('content-type'), answer.body),
  };
};

const causeIn = (type: string | undefined, body: Buffer): string | undefined =>
  type === 'application/problem+json'
    ? (JSON.parse(body.toString()) as { readonly cause: string }).cause
    : undefined;

export interface GatewayOptions {
  /** `upstreams` of the configuration. Each is routed by its name as the first segment of the path, which is taken off. */
  readonly upstreams: Readonly<Record<string, object>>;
  readonly route?: object;
  readonly listener?: object;
  readonly config?: object;
}

export const startGateway = async ({
  upstreams,
  route = {},
  listener = {},
  config = {},
}: GatewayOptions): Promise<Gateway> => {
  const certificate = await testCertificate();
  const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
  const torus = await startTorus({
    config: {
      workers: 1,
      listeners: [
        { name: 'secure', address: '127.0.0.1:0', tls, ...listener },
        { name: 'plain', address: '127.0.0.1:0', protocols: ['http1', 'http2'], ...listener },
      ],
      admin: { address: '127.0.0.1:0' },
      shutdown: { timeout: '2s' },
      upstreams,
      routes: Object.keys(upstreams).map((name) => ({
        name,
        match: { path: `/${name}/*` },
        rewrite: { stripPrefix: `/${name}` },
        upstream: name,
        ...route,
      })),
      ...config,
    },
  });
  return new Gateway(torus);
};
