/** A gRPC service made with the reference implementation for Node, and a client of it: messages are text. */
import type { EventEmitter } from 'node:events';
import {
  Client,
  Metadata,
  Server,
  ServerCredentials,
  credentials,
  status,
  type ChannelCredentials,
  type Deadline,
  type MethodDefinition,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type StatusObject,
  type sendUnaryData,
} from '@grpc/grpc-js';

type Call =
  | ServerUnaryCall<string, string>
  | ServerReadableStream<string, string>
  | ServerWritableStream<string, string>
  | ServerDuplexStream<string, string>;

const serialize = (text: string): Buffer => Buffer.from(text);
const deserialize = (bytes: Buffer): string => bytes.toString();

const method = (
  name: string,
  requestStream: boolean,
  responseStream: boolean,
): MethodDefinition<string, string> => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: serialize,
  requestDeserialize: deserialize,
  responseSerialize: serialize,
  responseDeserialize: deserialize,
});

export const METHODS = {
  unary: method('Unary', false, false),
  collect: method('Collect', true, false),
  count: method('Count', false, true),
  chat: method('Chat', true, true),
} as const;

export interface EchoService {
  readonly url: string;
  readonly port: number;
  readonly cancelled: string[];
  /** Of the last call. */
  readonly metadata: () => Metadata | undefined;
  /** Messages that the server of `Count` could write so far. */
  readonly written: () => number;
  /** Lets calls that wait for it go on. */
  open(): void;
  stop(): Promise<void>;
}

export interface EchoTls {
  readonly certPem: string;
  readonly keyPem: string;
}

const codeOf = (text: string): status => status[status[Number(text)] as keyof typeof status];

const LARGE = 'x'.repeat(64 * 1024);

export const startEchoService = async (tls?: EchoTls): Promise<EchoService> => {
  const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
  const cancelled: string[] = [];
  const waiting: (() => void)[] = [];
  let last: Metadata | undefined;
  let written = 0;
  const note = (call: Call, name: string): void => {
    last = call.metadata;
    const events: EventEmitter = call;
    events.on('cancelled', () => cancelled.push(name));
    events.on('error', () => undefined);
  };
  const trailersOf = (text: string): Metadata => {
    const trailers = new Metadata();
    trailers.set('x-trailer', text.slice(0, 20));
    trailers.set('x-trailer-bin', Buffer.from([0, 255, 1]));
    return trailers;
  };
  const unary = (call: ServerUnaryCall<string, string>, callback: sendUnaryData<string>): void => {
    const { request } = call;
    note(call, request);
    if (request.startsWith('fail ')) {
      callback({ code: codeOf(request.slice(5)), details: 'refused: 100 % and ü' }, null);
      return;
    }
    if (request.startsWith('hang')) return;
    if (request === 'wait') {
      waiting.push(() => callback(null, 'at last'));
      return;
    }
    const head = new Metadata();
    head.set('x-head', 'of-server');
    call.sendMetadata(head);
    callback(null, request, trailersOf(request));
  };
  const collect = (call: ServerReadableStream<string, string>, callback: sendUnaryData<string>): void => {
    note(call, 'collect');
    let length = 0;
    call.on('data', (text: string) => (length += text.length));
    call.on('end', () => callback(null, String(length)));
  };
  const count = (call: ServerWritableStream<string, string>): void => {
    const { request } = call;
    note(call, request);
    written = 0;
    if (request === 'endless') {
      const write = (): void => {
        while (!call.cancelled) {
          written += 1;
          if (!call.write(LARGE)) {
            call.once('drain', write);
            return;
          }
        }
      };
      write();
      return;
    }
    if (request === 'late') {
      waiting.push(() => {
        call.write('late');
        call.end();
      });
      return;
    }
    if (request.startsWith('large ')) {
      for (let at = 0; at < Number(request.slice(6)); at += 1) call.write(LARGE);
      call.end();
      return;
    }
    const [times, failure] = request.split(' ');
    for (let at = 1; at <= Number(times); at += 1) call.write(String(at));
    if (failure === undefined) call.end(trailersOf(request));
    else call.emit('error', { code: codeOf(failure), details: 'broke off' });
  };
  const chat = (call: ServerDuplexStream<string, string>): void => {
    note(call, 'chat');
    call.on('data', (text: string) => {
      if (text === 'silence') return;
      if (text === 'wait') waiting.push(() => call.write('at last'));
      else call.write(`re: ${text}`);
    });
    call.on('end', () => call.end());
  };
  server.addService(METHODS, { unary, collect, count, chat });
  const creds = tls
    ? ServerCredentials.createSsl(null, [
        { cert_chain: Buffer.from(tls.certPem), private_key: Buffer.from(tls.keyPem) },
      ])
    : ServerCredentials.createInsecure();
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', creds, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return {
    port,
    url: tls ? `https://localhost:${String(port)}` : `http://127.0.0.1:${String(port)}`,
    cancelled,
    metadata: () => last,
    written: () => written,
    open: () => {
      for (const go of waiting.splice(0)) go();
    },
    stop: async () => {
      server.forceShutdown();
      await Promise.resolve();
    },
  };
};

export interface CallResult {
  readonly code: status;
  readonly details: string;
  readonly messages: readonly string[];
  readonly head: Metadata | undefined;
  readonly trailers: Metadata;
}

export interface CallOptions {
  readonly deadline?: Deadline;
  readonly metadata?: Readonly<Record<string, string>>;
}

const metadataOf = (entries: Readonly<Record<string, string>> = {}): Metadata => {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
  return metadata;
};

/** A client of the service, whichever way leads to it. */
export class EchoClient extends Client {
  constructor(
    address: string,
    creds: ChannelCredentials = credentials.createInsecure(),
    options: object = {},
  ) {
    super(address, creds, {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.enable_retries': 0,
      ...options,
    });
  }

  unary(text: string, options: CallOptions = {}): Promise<CallResult> {
    const { path, requestSerialize, responseDeserialize } = METHODS.unary;
    return new Promise((resolve) => {
      let head: Metadata | undefined;
      let reply: string | undefined;
      const call = this.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        text,
        metadataOf(options.metadata),
        options.deadline === undefined ? {} : { deadline: options.deadline },
        (_error: ServiceError | null, value?: string) => (reply = value),
      );
      call.on('metadata', (metadata: Metadata) => (head = metadata));
      call.on('status', ({ code, details, metadata }: StatusObject) => {
        // The reply is told in the same turn, but after the status.
        setImmediate(() =>
          resolve({ code, details, head, trailers: metadata, messages: reply === undefined ? [] : [reply] }),
        );
      });
    });
  }

  collect(options: CallOptions = {}) {
    const { path, requestSerialize, responseDeserialize } = METHODS.collect;
    let resolve: (result: { code: status; reply: string | undefined }) => void;
    const result = new Promise<{ code: status; reply: string | undefined }>((done) => (resolve = done));
    const call = this.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadataOf(options.metadata),
      options.deadline === undefined ? {} : { deadline: options.deadline },
      (error: ServiceError | null, value?: string) =>
        resolve({ code: error?.code ?? status.OK, reply: value }),
    );
    return { call, result };
  }

  count(text: string, options: CallOptions = {}) {
    const { path, requestSerialize, responseDeserialize } = METHODS.count;
    return this.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      text,
      metadataOf(options.metadata),
      options.deadline === undefined ? {} : { deadline: options.deadline },
    );
  }

  chat(options: CallOptions = {}) {
    const { path, requestSerialize, responseDeserialize } = METHODS.chat;
    return this.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadataOf(options.metadata),
      options.deadline === undefined ? {} : { deadline: options.deadline },
    );
  }
}

/** Everything that a stream of the server brought, and how it ended. */
export const received = (
  call: EventEmitter,
): Promise<{ messages: string[]; status: StatusObject; head: Metadata | undefined }> =>
  new Promise((resolve) => {
    const messages: string[] = [];
    let head: Metadata | undefined;
    call.on('data', (text: string) => messages.push(text));
    call.on('metadata', (metadata: Metadata) => (head = metadata));
    call.on('error', () => undefined);
    call.on('status', (ended: StatusObject) => resolve({ messages, status: ended, head }));
  });
