/** A gateway with a TLS listener and a plain one that take HTTP/2, before a scripted upstream. */
import type { ClientHttp2Session } from 'node:http2';
import {
  closeHttp2,
  frameClient,
  http2Session,
  ledgerOf,
  startTorus,
  testCertificate,
  until,
  type FrameClient,
  type FrameClientOptions,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

export type ListenerName = 'secure' | 'plain';

export class Http2Fixture {
  readonly torus: RunningTorus;
  private readonly upstream: TestUpstream;
  private readonly open: (() => Promise<void>)[] = [];

  constructor(torus: RunningTorus, upstream: TestUpstream) {
    this.torus = torus;
    this.upstream = upstream;
  }

  async session(name: ListenerName = 'secure', options: object = {}): Promise<ClientHttp2Session> {
    const session = await http2Session({ port: this.torus.port(name), tls: name === 'secure', options });
    this.open.push(() => closeHttp2(session));
    return session;
  }

  async frames(options: Partial<FrameClientOptions> = {}): Promise<FrameClient> {
    const client = await frameClient({ port: this.torus.port('secure'), ...options });
    this.open.push(() => client.close());
    return client;
  }

  /** Closes every client; resolves when Torus holds nothing of them. Idle upstream connections may stay. */
  async comeToRest(): Promise<void> {
    await Promise.all(this.open.splice(0).map((close) => close()));
    await until(async () => {
      const { inFlight, downstream } = await ledgerOf(this.torus);
      return inFlight === 0 && downstream === 0;
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.open.splice(0).map((close) => close()));
    await this.torus.stop();
    await this.upstream.close();
  }
}

export interface Http2FixtureOptions {
  readonly listener?: object;
  readonly route?: object;
  readonly config?: object;
}

export const startHttp2Fixture = async (
  upstream: TestUpstream,
  { listener = {}, route = {}, config = {} }: Http2FixtureOptions = {},
): Promise<Http2Fixture> => {
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
      upstreams: { main: { endpoints: [upstream.url] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main', ...route }],
      ...config,
    },
  }).catch(async (error: unknown) => {
    await upstream.close();
    throw error;
  });
  return new Http2Fixture(torus, upstream);
};
