/** Owns the making of trace and span ids: random, and drawn from the system for many exchanges at once. */
import { randomBytes } from 'node:crypto';

const POOL_BYTES = 6144;
const TRACE_ID_DIGITS = 32;
const SPAN_ID_DIGITS = 16;
/** The random part of a trace id that all who sample by it look at (W3C Trace Context level 2, section 3.2.2.3): its last 56 bits. */
const RANDOMNESS_START = 18;
/** As many digits of it as a double holds exactly: 52 bits. */
const RANDOMNESS_END = 31;
const RANDOMNESS_RANGE = 2 ** 52;

export class TraceIds {
  private pool = '';
  private used = 0;

  traceId(): string {
    return this.take(TRACE_ID_DIGITS);
  }

  spanId(): string {
    return this.take(SPAN_ID_DIGITS);
  }

  private take(digits: number): string {
    if (this.used + digits > this.pool.length) {
      this.pool = randomBytes(POOL_BYTES).toString('hex');
      this.used = 0;
    }
    const start = this.used;
    this.used += digits;
    return this.pool.slice(start, this.used);
  }
}

/**
 * Whether a trace is among the share (0 to 1) that is recorded: the same answer wherever the same share is asked for
 * (OpenTelemetry, consistent probability sampling: recorded when the randomness reaches the rejection threshold).
 */
export function isChosen(traceId: string, share: number): boolean {
  if (share >= 1) return true;
  if (share <= 0) return false;
  const randomness = Number.parseInt(traceId.slice(RANDOMNESS_START, RANDOMNESS_END), 16);
  return randomness >= (1 - share) * RANDOMNESS_RANGE;
}
