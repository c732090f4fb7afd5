/** Owns the questions that wait for answers of workers: asked of one or of all, each for a bounded time. */
import type { Answer, AnswerMessage, Question, QuestionKind } from '../ipc/questions.js';
import type { Scheduler } from './scheduler.js';
import type { LiveWorker, WorkerPool } from './worker-pool.js';
import type { WorkerRecord } from './worker-slot.js';

export interface WorkerAnswer<T> {
  /** Number of its slot: the label `worker` in metrics. */
  readonly worker: number;
  readonly pid: number;
  readonly answer: T;
}

/** What a question to all came to. */
export interface PoolAnswer<T> {
  readonly answers: readonly WorkerAnswer<T>[];
  /** Workers that did not answer, and why. */
  readonly missing: readonly { readonly worker: number; readonly problem: string }[];
}

export interface InquiryOptions {
  readonly pool: Pick<WorkerPool, 'living'>;
  readonly scheduler: Scheduler;
}

interface Waiting {
  readonly asked: WorkerRecord;
  readonly settle: (result: AnswerMessage['result']) => void;
}

export const ASK_TIMEOUT_MS = 2000;

export class Inquiry {
  readonly #options: InquiryOptions;
  readonly #waiting = new Map<number, Waiting>();
  #request = 0;

  constructor(options: InquiryOptions) {
    this.#options = options;
  }

  /** Rejects when the worker cannot answer, dies, or takes longer than `timeoutMs`. */
  async ask<K extends QuestionKind>(
    { worker }: Pick<LiveWorker, 'worker'>,
    kind: K,
    question: Question<K>,
    timeoutMs = ASK_TIMEOUT_MS,
  ): Promise<Answer<K>> {
    const result = await this.#resultOf(worker, { kind, question }, timeoutMs);
    if (!result.ok) throw new Error(result.problem);
    return result.answer as Answer<K>;
  }

  /** Asks every worker that was ready once. Never rejects. */
  async askAll<K extends QuestionKind>(
    kind: K,
    question: Question<K>,
    timeoutMs = ASK_TIMEOUT_MS,
  ): Promise<PoolAnswer<Answer<K>>> {
    const asked = this.#options.pool.living().filter(({ worker }) => worker.readyAt !== undefined);
    const results = await Promise.all(
      asked.map(async ({ slot, worker }) => ({
        ...{ worker: slot.number, pid: worker.process.pid },
        result: await this.#resultOf(worker, { kind, question }, timeoutMs),
      })),
    );
    return {
      answers: results.flatMap(({ worker, pid, result }) =>
        result.ok ? [{ worker, pid, answer: result.answer as Answer<K> }] : [],
      ),
      missing: results.flatMap(({ worker, result }) =>
        result.ok ? [] : [{ worker, problem: result.problem }],
      ),
    };
  }

  /** Takes an answer; one that comes too late is dropped. */
  receive({ request, result }: AnswerMessage): void {
    this.#waiting.get(request)?.settle(result);
  }

  /** That worker will not answer any more. */
  gone(worker: WorkerRecord): void {
    for (const { asked, settle } of [...this.#waiting.values()])
      if (asked === worker) settle({ ok: false, problem: 'the worker ended' });
  }

  #resultOf(
    asked: WorkerRecord,
    { kind, question }: { readonly kind: string; readonly question: object },
    timeoutMs: number,
  ): Promise<AnswerMessage['result']> {
    this.#request += 1;
    const request = this.#request;
    return new Promise((resolve) => {
      const settle = (result: AnswerMessage['result']): void => {
        cancel();
        this.#waiting.delete(request);
        resolve(result);
      };
      const cancel = this.#options.scheduler.after(timeoutMs, () =>
        settle({ ok: false, problem: `no answer within ${timeoutMs} ms` }),
      );
      this.#waiting.set(request, { asked, settle });
      asked.process.send({ type: 'ask', request, kind, question });
    });
  }
}
