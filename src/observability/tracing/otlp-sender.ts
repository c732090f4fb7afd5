/** Owns what becomes of one post to the collector: what its answer means (OTLP specification, OTLP/HTTP), and trying it again. */
import type { PostSpans } from './collector-connection.js';

export interface SenderSettings {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** One post, to the end of its answer. */
  readonly timeoutMs: number;
}

/** `rejected`: spans that a collector took the post, but not them. `reason`: a short word for logs and metrics. */
export type SendResult =
  | { readonly ok: true; readonly rejected: number; readonly message: string | undefined }
  | { readonly ok: false; readonly reason: string };

export interface SenderTools {
  readonly post: PostSpans;
  /** Waits, or less long when the signal is given. */
  wait(delayMs: number, signal: AbortSignal): Promise<void>;
  /** From 0 up to 1. */
  random(): number;
}

/** OTLP/HTTP, "Retryable Response Codes". */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const MAX_TRIES = 4;
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 10_000;

interface Outcome {
  readonly result: SendResult;
  /** Milliseconds that the collector asks for; undefined when trying again makes no sense. */
  readonly retryAfterMs: number | undefined;
}

/** Never rejects. Once `hurry` is given there is no second try. */
export async function sendSpans(
  body: Uint8Array,
  settings: SenderSettings,
  tools: SenderTools,
  hurry: AbortSignal,
): Promise<SendResult> {
  for (let tries = 1; ; tries += 1) {
    const { result, retryAfterMs } = await tryOnce(body, settings, tools);
    if (result.ok || retryAfterMs === undefined || tries === MAX_TRIES || hurry.aborted) return result;
    const ownMs = FIRST_WAIT_MS * 2 ** (tries - 1) * (0.5 + tools.random());
    await tools.wait(Math.min(Math.max(ownMs, retryAfterMs), MAX_WAIT_MS), hurry);
  }
}

async function tryOnce(
  body: Uint8Array,
  { endpoint, headers, timeoutMs }: SenderSettings,
  { post }: SenderTools,
): Promise<Outcome> {
  try {
    // A redirect is an answer like any other: the headers hold credentials, which are for the place that was named.
    const answer = await post({ endpoint, headers, body, timeoutMs });
    if (answer.status === 200) return { result: acceptance(answer.body), retryAfterMs: undefined };
    return {
      result: { ok: false, reason: `status-${answer.status}` },
      retryAfterMs: RETRYABLE.has(answer.status) ? milliseconds(answer.retryAfter) : undefined,
    };
  } catch (error) {
    return { result: { ok: false, reason: reasonOf(error) }, retryAfterMs: 0 };
  }
}

/** An ExportTraceServiceResponse; one that cannot be read took everything. */
function acceptance(answer: string): SendResult {
  const partial = partialSuccessIn(answer);
  const rejected = Number(partial?.['rejectedSpans'] ?? 0);
  const message = partial?.['errorMessage'];
  return {
    ok: true,
    rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0,
    message: typeof message === 'string' && message !== '' ? message.slice(0, 200) : undefined,
  };
}

function partialSuccessIn(answer: string): Record<string, unknown> | undefined {
  try {
    const document: unknown = JSON.parse(answer);
    const partial = isObject(document) ? document['partialSuccess'] : undefined;
    return isObject(partial) ? partial : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Of seconds; a date is not taken, for what it may be off by. */
const milliseconds = (seconds: string | undefined): number =>
  seconds !== undefined && /^\d{1,5}$/.test(seconds) ? Number(seconds) * 1000 : 0;

/** `timeout`, the code of the error where it has one, or `network`. */
function reasonOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  if (typeof code !== 'string') return 'network';
  return code === 'TIMEOUT' ? 'timeout' : code;
}
