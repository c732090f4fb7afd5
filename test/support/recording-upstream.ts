/** An upstream that writes down every byte it is sent, and answers each path with the bytes it was told to answer. */
import type { Socket } from 'node:net';
import { startUpstream, type TestUpstream, type UpstreamOptions } from './start-upstream.js';
import { until } from './until.js';

export interface RecordedRequest {
  /** `GET /path HTTP/1.1`. */
  readonly line: string;
  /** Everything before the blank line, as it came. */
  readonly head: string;
  /** Body bytes as they came, chunked coding and all. Complete only when the request was. */
  readonly wire: Buffer;
  readonly socket: Socket;
  /** Which of the accepted connections carried it, counted from 1. */
  readonly connection: number;
  /** Every value of a field, in order, by case-insensitive name. */
  values(name: string): readonly string[];
}

/** Bytes to send once the request is complete, or a function that takes over. */
export type Reply = string | ((request: RecordedRequest) => void | Promise<void>);

export interface RecordingUpstream extends TestUpstream {
  readonly requests: readonly RecordedRequest[];
  /** Answers requests for this path (query aside); `head`: as soon as the head is in. */
  reply(path: string, reply: Reply, when?: 'whole' | 'head'): void;
  /** The newest request for this path; rejects when none comes. */
  request(path: string): Promise<RecordedRequest>;
}

const BLANK_LINE = '\r\n\r\n';
const DEFAULT_REPLY = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

const pathOf = ({ line }: RecordedRequest): string => (line.split(' ')[1] ?? '').split('?')[0] ?? '';

class Recording implements RecordedRequest {
  readonly head: string;
  readonly socket: Socket;
  readonly connection: number;
  wire: Buffer = Buffer.alloc(0);

  constructor(head: string, socket: Socket, connection: number) {
    this.head = head;
    this.socket = socket;
    this.connection = connection;
  }

  get line(): string {
    return this.head.slice(0, this.head.indexOf('\r\n'));
  }

  values(name: string): readonly string[] {
    return this.head
      .split('\r\n')
      .slice(1)
      .filter((line) => line.slice(0, line.indexOf(':')).toLowerCase() === name.toLowerCase())
      .map((line) => line.slice(line.indexOf(':') + 1).trim());
  }
}

/** Bytes of `pending` that complete the body; -1 when more must come. Good for what Torus sends: one chunk size a line, no surprises. */
const bodyEnd = (request: Recording, pending: Buffer): number => {
  if (request.values('transfer-encoding')[0] === 'chunked') {
    const end = /(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(pending.toString('latin1'));
    return end === null ? -1 : end.index + end[0].length;
  }
  const length = Number(request.values('content-length')[0] ?? 0);
  return pending.length >= length ? length : -1;
};

/** Starts it; with `tls` it serves TLS. */
export const startRecordingUpstream = async (options: UpstreamOptions = {}): Promise<RecordingUpstream> => {
  const requests: Recording[] = [];
  const replies = new Map<string, { readonly reply: Reply; readonly when: 'whole' | 'head' }>();
  let connections = 0;
  const answer = (request: Recording, when: 'whole' | 'head'): void => {
    const { reply, when: wanted } = replies.get(pathOf(request)) ?? { reply: DEFAULT_REPLY, when: 'whole' };
    if (wanted !== when) return;
    if (typeof reply === 'string') request.socket.write(reply, 'latin1');
    else void reply(request);
  };
  const serve = (socket: Socket): void => {
    connections += 1;
    const connection = connections;
    let pending = Buffer.alloc(0);
    let current: Recording | undefined;
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      for (;;) {
        if (current === undefined) {
          const at = pending.indexOf(BLANK_LINE);
          if (at < 0) return;
          current = new Recording(pending.toString('latin1', 0, at), socket, connection);
          pending = pending.subarray(at + BLANK_LINE.length);
          requests.push(current);
          answer(current, 'head');
        }
        const end = bodyEnd(current, pending);
        current.wire = pending.subarray(0, end < 0 ? pending.length : end);
        if (end < 0) return;
        pending = pending.subarray(end);
        const whole = current;
        current = undefined;
        answer(whole, 'whole');
      }
    });
  };
  const upstream = await startUpstream(serve, options);
  const recorder = {
    requests,
    reply: (path: string, reply: Reply, when: 'whole' | 'head' = 'whole') => {
      replies.set(path, { reply, when });
    },
    request: (path: string) =>
      until(() => requests.findLast((request) => pathOf(request) === path), 5_000, `a request for ${path}`),
  };
  // Not a copy: the counters of the upstream are getters.
  return Object.assign(Object.create(upstream) as TestUpstream, recorder);
};
