/** A gateway with a plain and a TLS listener in front of a recording upstream: what every test of messages starts from. */
import {
  rawClient,
  startTorus,
  testCertificate,
  type RawClient,
  type RunningTorus,
} from '../../support/index.js';
import { startRecordingUpstream, type RecordingUpstream } from '../../support/recording-upstream.js';

export interface MessagesFixture {
  readonly torus: RunningTorus;
  readonly upstream: RecordingUpstream;
  connect(listener?: ListenerName, localAddress?: string): Promise<RawClient>;
  stop(): Promise<void>;
}

export type ListenerName = 'plain' | 'secure';
export const LISTENERS: readonly ListenerName[] = ['plain', 'secure'];

const ALL = { name: 'all', match: { path: '/*' }, upstream: 'recorder' };

/** `config` is merged over one worker, both listeners and a route for everything. `limits` and `timeouts` are the listeners'. */
export const startMessagesFixture = async (
  config: object = {},
  listener: { readonly limits?: object; readonly timeouts?: object } = {},
): Promise<MessagesFixture> => {
  const certificate = await testCertificate();
  const upstream = await startRecordingUpstream();
  const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
  const starting = startTorus({
    config: {
      workers: 1,
      listeners: [
        { name: 'plain', address: '127.0.0.1:0', ...listener },
        { name: 'secure', address: '127.0.0.1:0', tls, ...listener },
      ],
      admin: { address: '127.0.0.1:0' },
      shutdown: { timeout: '1s' },
      upstreams: { recorder: { endpoints: [upstream.url] } },
      routes: [ALL],
      ...config,
    },
  });
  const torus = await starting.catch(async (error: unknown) => {
    await upstream.close();
    throw error;
  });
  const clients: RawClient[] = [];
  return {
    torus,
    upstream,
    connect: async (name = 'plain', localAddress) => {
      const client = await rawClient({
        port: torus.port(name),
        tls: name === 'secure',
        ...(localAddress === undefined ? {} : { localAddress }),
      });
      clients.push(client);
      return client;
    },
    stop: async () => {
      await Promise.all(clients.map((client) => client.close()));
      await torus.stop();
      await upstream.close();
    },
  };
};

/** Sends byte by byte, each in a packet of its own as far as the kernel lets it. */
export const sendBytewise = async (client: RawClient, bytes: string): Promise<void> => {
  for (const byte of bytes) {
    await client.send(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** As `sendBytewise`, for an upstream's answer. */
export const writeBytewise = async (
  socket: { write(bytes: string, encoding: 'latin1'): boolean },
  bytes: string,
): Promise<void> => {
  for (const byte of bytes) {
    socket.write(byte, 'latin1');
    await new Promise((resolve) => setImmediate(resolve));
  }
};
