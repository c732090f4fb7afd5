/** Upstreams that fail a request the way its path says, a number of times, and then serve it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { startHttpUpstream, type TestUpstream } from '../../support/index.js';

/** One request as an endpoint got it. */
export interface Try {
  readonly port: number;
  readonly method: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
  readonly trailers: IncomingMessage['trailers'];
  /** Milliseconds on the monotonic clock. */
  readonly at: number;
}

type Fault = (request: IncomingMessage, response: ServerResponse) => void;

const answer =
  (status: number, headers: Record<string, string> = {}): Fault =>
  (_request, response) => {
    response.writeHead(status, { ...headers, 'content-length': '4' }).end('poor');
  };

const raw =
  (text: string): Fault =>
  ({ socket }) => {
    socket.end(text);
  };

const FAULTS: Readonly<Record<string, Fault>> = {
  reset: ({ socket }) => void socket.resetAndDestroy(),
  fin: ({ socket }) => void socket.end(),
  garbage: raw('this is no HTTP\r\n\r\n'),
  hang: () => undefined,
  'half-body': (_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half of it', () => setTimeout(() => response.destroy(), 20));
  },
  'silent-body': (_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half of it');
  },
  hint: ({ socket }) => {
    socket.write('HTTP/1.1 103 Early Hints\r\n\r\n', () => setTimeout(() => socket.resetAndDestroy(), 20));
  },
  'long-503': (_request, response) => {
    response.writeHead(503, { 'content-length': '1000000' });
    response.write('x'.repeat(1000));
  },
  'patient-503': answer(503, { 'retry-after': '1' }),
  'held-later': answer(503),
  'later-503': answer(503, { 'retry-after': '30' }),
  ok: answer(200),
};

export class FaultyUpstreams {
  readonly servers: TestUpstream[] = [];
  readonly tries = new Map<string, Try[]>();
  /** Responses that wait until they are let go, in the order the requests came. */
  readonly held: (() => void)[] = [];

  async start(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const server: TestUpstream = await startHttpUpstream((request, response) =>
        this.serve(server.port, request, response),
      );
      this.servers.push(server);
    }
  }

  get urls(): string[] {
    return this.servers.map(({ url }) => url);
  }

  triesOf(path: string): readonly Try[] {
    return this.tries.get(path) ?? [];
  }

  resetAll(): void {
    for (const server of this.servers) server.resetAll();
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()));
  }

  /** `/fault/times/id`: fails `times` times (1 unless given), then answers 200 with the number of the try. */
  private async serve(port: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const [, fault = '', times = '1'] = path.split('/');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', headers, trailers } = request;
    const body = Buffer.concat(chunks).toString();
    const tries = this.tries.get(path) ?? [];
    this.tries.set(path, [...tries, { port, method, body, headers, trailers, at: performance.now() }]);
    const serial = tries.length + 1;
    if (serial <= Number(times)) this.fail(fault, request, response);
    else if (fault === 'held-later') this.held.push(() => response.end('held'));
    else response.end(`try ${String(serial)}`);
  }

  private fail(fault: string, request: IncomingMessage, response: ServerResponse): void {
    if (fault === 'held') this.held.push(() => response.end('held'));
    else if (/^\d{3}$/.test(fault)) answer(Number(fault))(request, response);
    else FAULTS[fault]!(request, response);
  }
}
