/**
 * Owns the spans that wait to be posted, written one behind the other as the bodies that will be sent: bytes are copied once, and
 * the buffers are used again. One small buffer for each span cost more than the making of the span.
 */
import type { Envelope } from './otlp-json.js';

const FIRST_BYTES = 65_536;
/** A buffer that had to grow beyond this is not kept. */
const MOST_KEPT_BYTES = 2_097_152;
/** One that is filled while another is posted. */
const MAX_SPARE = 2;

/** Spans in the form in which they are posted. */
export class SpanBatch {
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;
  #spans = 0;
  #after = '';

  get spans(): number {
    return this.#spans;
  }

  get canServeAgain(): boolean {
    return this.#buffer.length <= MOST_KEPT_BYTES;
  }

  /** Forgets what was in it. */
  begin({ before, after }: Envelope): void {
    this.#length = 0;
    this.#spans = 0;
    this.#after = after;
    this.#write(before);
  }

  append(span: string): void {
    if (this.#spans > 0) this.#write(',');
    this.#write(span);
    this.#spans += 1;
  }

  /** Of all that was appended until now; good until `begin`. */
  body(): Uint8Array {
    const spansEnd = this.#length;
    this.#write(this.#after);
    const body = this.#buffer.subarray(0, this.#length);
    this.#length = spansEnd;
    return body;
  }

  /** What is written is ASCII: a byte for each character. */
  #write(text: string): void {
    const end = this.#length + text.length;
    if (end > this.#buffer.length) this.#growTo(end);
    this.#buffer.write(text, this.#length, 'latin1');
    this.#length = end;
  }

  #growTo(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

export class SpanQueue {
  #full: SpanBatch[] = [];
  /** The one that is being filled. */
  #open: SpanBatch | undefined;
  #spare: SpanBatch[] = [];
  #waiting = 0;

  /** Spans, without those of batches that were taken. */
  get waiting(): number {
    return this.#waiting;
  }

  add(span: string, batchSize: number, envelope: Envelope): void {
    const batch = (this.#open ??= this.#fresh(envelope));
    batch.append(span);
    this.#waiting += 1;
    if (batch.spans < batchSize) return;
    this.#full.push(batch);
    this.#open = undefined;
  }

  /** The oldest, full or not. It is the taker's until given back. */
  take(): SpanBatch | undefined {
    const batch = this.#full.shift() ?? this.#open;
    if (batch === undefined) return undefined;
    if (batch === this.#open) this.#open = undefined;
    this.#waiting -= batch.spans;
    return batch;
  }

  /** Nobody reads it any more. */
  giveBack(batch: SpanBatch): void {
    if (batch.canServeAgain && this.#spare.length < MAX_SPARE) this.#spare.push(batch);
  }

  clear(): void {
    this.#full = [];
    this.#open = undefined;
    this.#spare = [];
    this.#waiting = 0;
  }

  #fresh(envelope: Envelope): SpanBatch {
    const batch = this.#spare.pop() ?? new SpanBatch();
    batch.begin(envelope);
    return batch;
  }
}
