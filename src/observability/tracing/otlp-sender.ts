/** Owns one post to the collector: its time, what its answer means (OTLP specification, OTLP/HTTP), and trying it again. */

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
  readonly request: typeof fetch;
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
const MAX_ANSWER_BYTES = 65_536;

interface Outcome {
  readonly result: SendResult;
  /** Milliseconds that the collector asks for; undefined when trying again makes no sense. */
  readonly retryAfterMs: number | undefined;
}

/** Never rejects. Once `hurry` is given there is no second try. */
export async function sendSpans(
  body: Uint8Array<ArrayBuffer>,
  settings: SenderSettings,
  tools: SenderTools,
  hurry: AbortSignal,
): Promise<SendResult> {
  for (let tries = 1; ; tries += 1) {
    const { result, retryAfterMs } = await post(body, settings, tools);
    if (result.ok || retryAfterMs === undefined || tries === MAX_TRIES || hurry.aborted) return result;
    const ownMs = FIRST_WAIT_MS * 2 ** (tries - 1) * (0.5 + tools.random());
    await tools.wait(Math.min(Math.max(ownMs, retryAfterMs), MAX_WAIT_MS), hurry);
  }
}

async function post(
  body: Uint8Array<ArrayBuffer>,
  { endpoint, headers, timeoutMs }: SenderSettings,
  { request }: SenderTools,
): Promise<Outcome> {
  try {
    const response = await request(endpoint, {
      method: 'POST',
      body,
      headers: { ...headers, 'content-type': 'application/json' },
      // The headers hold credentials, which are for the place that was named.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = await readBounded(response);
    if (response.status === 200) return { result: acceptance(answer), retryAfterMs: undefined };
    const retryAfterMs = RETRYABLE.has(response.status)
      ? retryAfter(response.headers.get('retry-after'))
      : undefined;
    return { result: { ok: false, reason: `status-${response.status}` }, retryAfterMs };
  } catch (error) {
    return { result: { ok: false, reason: reasonOf(error) }, retryAfterMs: 0 };
  }
}

/** The rest of a longer answer is not read. */
async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
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

/** Seconds; a date is not taken for what it may be off by. */
const retryAfter = (value: string | null): number =>
  value !== null && /^\d{1,5}$/.test(value) ? Number(value) * 1000 : 0;

/** `timeout`, the errno where there is one, or `network`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'network';
  if (error.name === 'TimeoutError') return 'timeout';
  const code = (error.cause as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : 'network';
}
