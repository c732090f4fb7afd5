/** Owns the one connection of a worker to its collector: posts go over it one after the other. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { once } from 'node:events';

export interface CollectorPost {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** To the end of the answer. */
  readonly timeoutMs: number;
}

export interface CollectorAnswer {
  readonly status: number;
  /** As the collector said it. */
  readonly retryAfter: string | undefined;
  /** Empty where it was longer than anybody reads. */
  readonly body: string;
}

/** Rejects when there is no answer: `code` of the error says why, `TIMEOUT` when it came too late. */
export type PostSpans = (post: CollectorPost) => Promise<CollectorAnswer>;

const MAX_ANSWER_BYTES = 65_536;

// `fetch` turns the body into a stream and back: four times the work of all the rest of a post.
export const openCollectorConnection = (): PostSpans => {
  const agents = { keepAlive: true, maxSockets: 1 };
  const http = new HttpAgent(agents);
  const https = new HttpsAgent(agents);
  return async (post) => {
    const isSecure = post.endpoint.startsWith('https:');
    const signal = AbortSignal.timeout(post.timeoutMs);
    const options: RequestOptions = {
      method: 'POST',
      agent: isSecure ? https : http,
      headers: {
        ...post.headers,
        'content-type': 'application/json',
        'content-length': String(post.body.byteLength),
      },
      signal,
    };
    const request = (isSecure ? httpsRequest : httpRequest)(post.endpoint, options);
    try {
      request.end(post.body);
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      const body = await readBounded(response);
      return { status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], body };
    } catch (error) {
      throw signal.aborted ? Object.assign(new Error('no answer in time'), { code: 'TIMEOUT' }) : error;
    } finally {
      // Whatever comes late is nobody's.
      request.on('error', () => undefined);
    }
  };
};

/** All of it is read, for the sake of the connection, unless there is no end of it. */
const readBounded = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};
