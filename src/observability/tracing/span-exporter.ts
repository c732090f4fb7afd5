/** Owns the spans of one worker that wait to be posted: bounded, posted in batches one after the other, dropped before they harm. */
import type { TracingConfig } from '../../contracts/tracing-config.js';
import type { MetricsSnapshot, Sample } from '../metrics-snapshot.js';
import type { Envelope } from './otlp-json.js';
import { sendSpans } from './otlp-sender.js';
import type { SenderTools, SendResult } from './otlp-sender.js';
import { SpanQueue } from './span-queue.js';

export type ExporterConfig = Pick<
  TracingConfig,
  'endpoint' | 'headers' | 'timeoutMs' | 'intervalMs' | 'batchSize' | 'queueSize'
>;

export interface ExporterSettings extends ExporterConfig {
  readonly envelope: Envelope;
}

export interface ExporterServices extends SenderTools {
  /** Something for the operator. */
  warn(facts: object, message: string): void;
  info(message: string): void;
  /** Monotonic milliseconds. */
  now(): number;
  /** Before each post. */
  onPost(): void;
}

/** Failures of the same kind are told once in so long. */
const WARN_EVERY_MS = 60_000;

export class SpanExporter {
  #settings: ExporterSettings;
  readonly #services: ExporterServices;
  readonly #queue = new SpanQueue();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  /** Given when the worker ends: nothing is waited for any more. */
  readonly #hurry = new AbortController();
  #warnedAtMs = Number.NEGATIVE_INFINITY;
  #failing = false;
  /** Spans in the post that is under way. */
  #posted = 0;
  #over = false;
  #exported = 0;
  #overflowed = 0;
  #failed = 0;
  #rejected = 0;
  readonly #posts = { ok: 0, failed: 0 };

  constructor(settings: ExporterSettings, services: ExporterServices) {
    this.#settings = settings;
    this.#services = services;
  }

  /** From the next post on. */
  configure(settings: ExporterSettings): void {
    this.#settings = settings;
  }

  /** Takes a span as JSON, or drops it where too many wait. */
  add(span: string): void {
    const { queueSize, batchSize, envelope } = this.#settings;
    if (this.#over || this.#queue.waiting >= queueSize) {
      this.#overflowed += 1;
      return;
    }
    this.#queue.add(span, batchSize, envelope);
    if (this.#queue.waiting >= batchSize) this.#begin();
    else this.#schedule();
  }

  /** Posts what waits. Resolves when that is done, or after `limitMs`; what was not posted by then is lost, and counted. */
  async flush(limitMs: number): Promise<void> {
    this.#hurry.abort();
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs);
    });
    await Promise.race([this.#drain(), limit]);
    clearTimeout(timer);
    clearTimeout(this.#timer);
    const left = this.#queue.waiting + this.#posted;
    this.#over = true;
    this.#queue.clear();
    this.#failed += left;
    if (left > 0) this.#services.warn({ spans: left }, 'Spans were not exported before the end');
  }

  async #drain(): Promise<void> {
    await this.#sending;
    // Once even after a failure: the collector may be back.
    do {
      this.#begin();
      await this.#sending;
    } while (this.#queue.waiting > 0 && !this.#failing);
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#sending !== undefined) return;
    this.#timer = setTimeout(() => this.#begin(), this.#settings.intervalMs);
    this.#timer.unref();
  }

  /** One post at a time: a slow collector fills the queue, not the network. */
  #begin(): void {
    if (this.#sending !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending = this.#post().finally(() => {
      this.#sending = undefined;
      if (this.#queue.waiting >= this.#settings.batchSize) this.#begin();
      else if (this.#queue.waiting > 0) this.#schedule();
    });
  }

  async #post(): Promise<void> {
    const batch = this.#queue.take();
    if (batch === undefined) return;
    const { spans } = batch;
    this.#services.onPost();
    this.#posted = spans;
    const result = await sendSpans(batch.body(), this.#settings, this.#services, this.#hurry.signal);
    this.#posted = 0;
    // What ends after the end was given up, and counted.
    if (!this.#over) this.#note(result, spans);
    // A collector that refused may have done so early: then the body may still be on its way.
    if (result.ok) this.#queue.giveBack(batch);
  }

  #note(result: SendResult, spans: number): void {
    if (!result.ok) {
      this.#posts.failed += 1;
      this.#failed += spans;
      this.#failing = true;
      this.#warn({ reason: result.reason, spans }, 'Spans could not be exported');
      return;
    }
    this.#posts.ok += 1;
    this.#rejected += Math.min(result.rejected, spans);
    this.#exported += spans - Math.min(result.rejected, spans);
    if (this.#failing) this.#services.info('Spans are exported again');
    this.#failing = false;
    if (result.rejected > 0)
      this.#warn({ spans: result.rejected, detail: result.message }, 'The collector rejected spans');
  }

  #warn(facts: object, message: string): void {
    const nowMs = this.#services.now();
    if (nowMs - this.#warnedAtMs < WARN_EVERY_MS) return;
    this.#warnedAtMs = nowMs;
    this.#services.warn(facts, message);
  }

  metrics(): Pick<MetricsSnapshot, 'counters' | 'gauges'> {
    const spans: Sample[] = [
      [['exported'], this.#exported],
      [['dropped-queue-full'], this.#overflowed],
      [['dropped-export-failed'], this.#failed],
      [['rejected'], this.#rejected],
    ];
    const posts: Sample[] = [
      [['ok'], this.#posts.ok],
      [['failed'], this.#posts.failed],
    ];
    return {
      counters: { torus_trace_spans_total: spans, torus_trace_exports_total: posts },
      gauges: { torus_trace_queue_spans: [[[], this.#queue.waiting]] },
    };
  }
}
