/** Named upstream servers, and a client that opens a connection for each request, so that every worker gets some. */
import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import {
  startHttpUpstream,
  type HttpHandler,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

export interface NamedUpstream extends TestUpstream {
  readonly name: string;
  /** Requests that reached it. */
  readonly hits: number;
  /** Field values of the newest one. */
  readonly seen: IncomingHttpHeaders;
}

/** Answers 200 with its name, unless `handler` answers. */
export const startNamed = async (name: string, handler?: HttpHandler, port = 0): Promise<NamedUpstream> => {
  const state = { name, hits: 0, seen: {} as IncomingHttpHeaders };
  const upstream = await startHttpUpstream(
    (incoming, response) => {
      state.hits += 1;
      state.seen = incoming.headers;
      if (handler !== undefined) return handler(incoming, response);
      response.end(name);
      return undefined;
    },
    { port },
  );
  return new Proxy(upstream, {
    get: (target, key) => Reflect.get(key in state ? state : target, key) as unknown,
  }) as unknown as NamedUpstream;
};

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Question {
  readonly headers?: OutgoingHttpHeaders;
  readonly method?: string;
  readonly body?: string | Buffer;
}

/** One request on a connection of its own. */
export const ask = (torus: RunningTorus, path: string, question: Question = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { headers = {}, method = 'GET', body } = question;
    const outgoing = request(
      `${torus.url()}${path}`,
      { agent: false, method, headers: { ...headers, connection: 'close' } },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(pieces).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });

/** The bodies of `count` answers, asked for a few at a time. */
export const askMany = async (
  torus: RunningTorus,
  path: string,
  count: number,
  question: (index: number) => Question = () => ({}),
): Promise<string[]> => {
  const bodies: string[] = [];
  for (let from = 0; from < count; from += 20) {
    const size = Math.min(20, count - from);
    const batch = Array.from({ length: size }, (_, index) => ask(torus, path, question(from + index)));
    bodies.push(...(await Promise.all(batch)).map(({ body }) => body));
  }
  return bodies;
};

export const countOf = (bodies: readonly string[], body: string): number =>
  bodies.filter((one) => one === body).length;

/** Asks until both of two workers have served the path; the bodies of all answers. */
export const askEveryWorker = async (
  torus: RunningTorus,
  path: string,
  question: Question = {},
  workers = 2,
): Promise<string[]> => {
  const bodies: string[] = [];
  const pids = (): Set<unknown> =>
    new Set(
      torus
        .logs()
        .filter((line) => line.msg === 'access' && line['path'] === path)
        .map((line) => line['pid']),
    );
  for (let round = 0; round < 100 && pids().size < workers; round += 1)
    bodies.push(...(await askMany(torus, path, 20, () => question)));
  if (pids().size < workers) throw new Error(`only ${String(pids().size)} workers served ${path}`);
  return bodies;
};

/** Five standard deviations of a binomial count: what chance leaves open, and one failure in two million. */
export const fiveSigma = (trials: number, share: number): number =>
  5 * Math.sqrt(trials * share * (1 - share));

export const LISTENER = { listeners: [{ name: 'plain', address: '127.0.0.1:0' }] };

export const ADMIN = { admin: { address: '127.0.0.1:0' } };
