import type { Cause } from '../../contracts/cause.js';
import type { ExchangeRecord } from '../../contracts/exchange.js';
import type { ForwardOwner } from '../../contracts/forwarder.js';
import type { ResponseHead } from '../../contracts/message.js';
import type { MirrorComparison } from '../../contracts/telemetry.js';

/**
 * Owns the comparison of an original with its copy: stands in front of the owner of the exchange to see its answer, and tells
 * when both were answered. Compared is the final status, before response filters, and the time from the connection (or from
 * the end of the request body) to the response head. An original that failed is compared with nothing.
 */
export class ComparedAnswers implements ForwardOwner {
  private readonly exchange: ExchangeRecord;
  private readonly owner: ForwardOwner;
  private readonly onCompared: (comparison: MirrorComparison) => void;
  private original: Answer | undefined = undefined;
  private copy: Answer | undefined = undefined;
  private bodyEndedAfterMs = 0;

  constructor(
    exchange: ExchangeRecord,
    owner: ForwardOwner,
    onCompared: (comparison: MirrorComparison) => void,
  ) {
    this.exchange = exchange;
    this.owner = owner;
    this.onCompared = onCompared;
  }

  /** The request body had arrived, by `Timers.now`. */
  bodyEnded(atMs: number): void {
    this.bodyEndedAfterMs = atMs - this.exchange.startedAt;
  }

  copyAnswered(answer: Answer): void {
    this.copy = answer;
    this.compare();
  }

  onResponseHead(head: ResponseHead): void {
    const { connectedAfterMs, responseHeadAfterMs } = this.exchange;
    const sentAfterMs = Math.max(connectedAfterMs, this.bodyEndedAfterMs);
    this.original = { status: head.status, headMs: Math.max(responseHeadAfterMs - sentAfterMs, 0) };
    this.compare();
    this.owner.onResponseHead(head);
  }

  onForwardFailed(cause: Cause, detail: string | undefined): void {
    this.owner.onForwardFailed(cause, detail);
  }

  onForwardEnded(cause: Cause, detail: string | undefined): void {
    this.owner.onForwardEnded(cause, detail);
  }

  private compare(): void {
    const { original, copy } = this;
    if (original === undefined || copy === undefined) return;
    this.onCompared({
      sameStatus: original.status === copy.status,
      slowerMs: copy.headMs - original.headMs,
    });
  }
}

export interface Answer {
  readonly status: number;
  /** From the sent request to the response head. */
  readonly headMs: number;
}
