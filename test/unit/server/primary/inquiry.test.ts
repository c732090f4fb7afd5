import { Inquiry } from '../../../../src/server/primary/inquiry.js';
import type { Scheduler } from '../../../../src/server/primary/scheduler.js';
import type { LiveWorker } from '../../../../src/server/primary/worker-pool.js';
import type { AskMessage } from '../../../../src/server/ipc/questions.js';

describe('an inquiry', () => {
  let asked: { readonly worker: number; readonly message: AskMessage }[];
  let timeouts: (() => void)[];
  let workers: LiveWorker[];
  let inquiry: Inquiry;

  const fakeWorker = (number: number, readyAt: number | undefined): LiveWorker =>
    ({
      slot: { number },
      worker: {
        readyAt,
        process: {
          pid: 1000 + number,
          send: (message: AskMessage) => asked.push({ worker: number, message }),
        },
      },
    }) as unknown as LiveWorker;

  const reply = (worker: number, answer: unknown): void => {
    const request = asked.find((entry) => entry.worker === worker)?.message.request ?? -1;
    inquiry.receive({ type: 'answer', request, result: { ok: true, answer } });
  };

  beforeEach(() => {
    asked = [];
    timeouts = [];
    workers = [fakeWorker(1, 5), fakeWorker(2, 5), fakeWorker(3, undefined)];
    const scheduler: Scheduler = {
      now: () => 0,
      after: (_delayMs, run) => {
        timeouts.push(run);
        return () => undefined;
      },
      every: () => () => undefined,
    };
    inquiry = new Inquiry({ pool: { living: () => workers }, scheduler });
  });

  it('asks every worker that was ready, and names them in the answers', async () => {
    const result = inquiry.askAll('set-log-level', { level: 'debug' });
    expect(asked.map(({ worker }) => worker)).toEqual([1, 2]);
    reply(2, 'info');
    reply(1, 'warn');
    expect(await result).toEqual({
      answers: [
        { worker: 1, pid: 1001, answer: 'warn' },
        { worker: 2, pid: 1002, answer: 'info' },
      ],
      missing: [],
    });
  });

  it('names the workers that did not answer in time, died, or could not', async () => {
    workers = [fakeWorker(1, 5), fakeWorker(2, 5), fakeWorker(3, 5)];
    const result = inquiry.askAll('set-log-level', { level: 'debug' });
    const { request = -1 } = asked[1]?.message ?? {};
    inquiry.receive({ type: 'answer', request, result: { ok: false, problem: 'not now' } });
    const third = workers[2];
    if (third !== undefined) inquiry.gone(third.worker);
    timeouts[0]?.();
    expect(await result).toEqual({
      answers: [],
      missing: [
        { worker: 1, problem: 'no answer within 2000 ms' },
        { worker: 2, problem: 'not now' },
        { worker: 3, problem: 'the worker ended' },
      ],
    });
  });

  it('drops an answer that comes too late', async () => {
    const first = workers[0]!;
    const result = inquiry.ask(first, 'set-log-level', { level: 'debug' }, 50);
    timeouts[0]?.();
    await expect(result).rejects.toThrow('no answer within 50 ms');
    expect(() => reply(1, 'info')).not.toThrow();
  });
});
