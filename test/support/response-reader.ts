/**
 * Reads HTTP/1.1 responses from bytes, as an honest client of its own: independent of the codec under test, and blunt where a
 * byte is out of place (it throws).
 */

export type Field = readonly [name: string, value: string];

/** How a response came to its end. `complete` means that its own framing said so. */
export type ResponseEnd = 'complete' | 'closed' | 'reset' | 'timeout';

export interface ReadResponse {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly Field[];
  readonly body: Buffer;
  readonly trailers: readonly Field[];
  /** 1xx responses that came before (never 101, which is final). */
  readonly interim: readonly { readonly status: number; readonly fields: readonly Field[] }[];
  readonly framing: 'none' | 'length' | 'chunked' | 'close' | undefined;
  readonly end: ResponseEnd;
  /** First value of a field, by case-insensitive name. */
  field(name: string): string | undefined;
  /** Body as UTF-8. */
  text(): string;
}

interface Head {
  version: string;
  status: number;
  reason: string;
  fields: Field[];
}

const CRLF = Buffer.from('\r\n');
const BLANK_LINE = Buffer.from('\r\n\r\n');

const parseFields = (lines: readonly string[]): Field[] =>
  lines.map((line) => {
    const colon = line.indexOf(':');
    if (colon < 1) throw new Error(`not a field line: ${JSON.stringify(line)}`);
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });

const parseHead = (text: string): Head => {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const match = /^(HTTP\/\d\.\d) (\d{3}) (.*)$/.exec(statusLine);
  if (match === null) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
  return { version: match[1]!, status: Number(match[2]), reason: match[3]!, fields: parseFields(lines) };
};

const valueOf = (fields: readonly Field[], name: string): string | undefined =>
  fields.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];

type Framing = NonNullable<ReadResponse['framing']>;

const framingOf = (head: Head, method: string): Framing => {
  if (method === 'HEAD' || head.status === 204 || head.status === 304 || head.status === 101) return 'none';
  if (method === 'CONNECT' && head.status < 300) return 'none';
  if (valueOf(head.fields, 'transfer-encoding')?.toLowerCase() === 'chunked') return 'chunked';
  if (valueOf(head.fields, 'content-length') !== undefined) return 'length';
  return 'close';
};

/** Takes bytes as they arrive; `done` turns true when one response has ended. Bytes after it stay in `rest`. */
export class ResponseReader {
  rest: Buffer = Buffer.alloc(0);
  done = false;
  private head: Head | undefined;
  private framing: Framing | undefined;
  private readonly interim: { status: number; fields: Field[] }[] = [];
  private readonly body: Buffer[] = [];
  private bodyBytes = 0;
  /** Bytes of the current chunk still to come; undefined before a chunk-size line. */
  private chunkLeft: number | undefined;
  private inTrailers = false;
  private trailers: Field[] = [];
  private end: ResponseEnd = 'timeout';
  private readonly method: string;

  /** `method` of the request decides whether a body can follow. */
  constructor(method = 'GET') {
    this.method = method;
  }

  push(bytes: Buffer): void {
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    while (!this.done && this.step());
  }

  /** The connection ended. A body delimited by the close is complete then, unless the close was a reset. */
  finish(how: 'closed' | 'reset' | 'timeout'): void {
    if (this.done) return;
    this.end = how === 'closed' && this.framing === 'close' ? 'complete' : how;
    this.done = true;
  }

  /** The status line and fields of the final response are in. */
  get hasHead(): boolean {
    return this.head !== undefined;
  }

  /** What was read so far; status 0 when no final head came. */
  result(): ReadResponse {
    const head = this.head ?? { version: '', status: 0, reason: '', fields: [] };
    const body = Buffer.concat(this.body);
    const { framing, trailers, interim, end } = this;
    return {
      ...head,
      ...{ body, framing, trailers, interim, end },
      field: (name) => valueOf(head.fields, name),
      text: () => body.toString(),
    };
  }

  /** Takes one element from `rest`; false when it needs more bytes. */
  private step(): boolean {
    if (this.head === undefined) return this.readHead();
    switch (this.framing) {
      case 'length':
        return this.readLength(Number(valueOf(this.head.fields, 'content-length')));
      case 'chunked':
        return this.inTrailers ? this.readTrailers() : this.readChunk();
      case 'close':
        return this.takeBody(this.rest.length) > 0;
      default:
        return this.complete();
    }
  }

  private complete(): true {
    this.end = 'complete';
    this.done = true;
    return true;
  }

  private takeBody(limit: number): number {
    const piece = this.rest.subarray(0, limit);
    this.rest = this.rest.subarray(piece.length);
    if (piece.length > 0) this.body.push(piece);
    this.bodyBytes += piece.length;
    return piece.length;
  }

  private takeLine(): string | undefined {
    const at = this.rest.indexOf(CRLF);
    if (at === -1) return undefined;
    const line = this.rest.toString('latin1', 0, at);
    this.rest = this.rest.subarray(at + CRLF.length);
    return line;
  }

  private readHead(): boolean {
    const at = this.rest.indexOf(BLANK_LINE);
    if (at === -1) return false;
    const head = parseHead(this.rest.toString('latin1', 0, at));
    this.rest = this.rest.subarray(at + BLANK_LINE.length);
    if (head.status < 200 && head.status !== 101) {
      this.interim.push({ status: head.status, fields: head.fields });
      return true;
    }
    this.head = head;
    this.framing = framingOf(head, this.method);
    return this.framing === 'none' ? this.complete() : true;
  }

  private readLength(length: number): boolean {
    if (!Number.isSafeInteger(length)) throw new Error(`not a content-length: ${String(length)}`);
    const taken = this.takeBody(length - this.bodyBytes);
    return this.bodyBytes === length ? this.complete() : taken > 0;
  }

  private readChunk(): boolean {
    if (this.chunkLeft === undefined) return this.readChunkSize();
    if (this.chunkLeft > 0) {
      const taken = this.takeBody(this.chunkLeft);
      this.chunkLeft -= taken;
      return taken > 0;
    }
    if (this.rest.length < CRLF.length) return false;
    if (this.takeLine() !== '') throw new Error('chunk data is longer than its size');
    this.chunkLeft = undefined;
    return true;
  }

  private readChunkSize(): boolean {
    const line = this.takeLine();
    if (line === undefined) return false;
    const size = /^([0-9a-f]+)(?:;.*)?$/i.exec(line)?.[1];
    if (size === undefined) throw new Error(`not a chunk size: ${JSON.stringify(line)}`);
    this.chunkLeft = Number.parseInt(size, 16);
    this.inTrailers = this.chunkLeft === 0;
    return true;
  }

  private readTrailers(): boolean {
    const line = this.takeLine();
    if (line === undefined) return false;
    if (line === '') return this.complete();
    this.trailers = [...this.trailers, ...parseFields([line])];
    return true;
  }
}
