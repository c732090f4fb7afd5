/** Owns recordings of single workers: one at a time of each, in a folder of the owner's that is gone once it was read. */
import { join } from 'node:path';
import { makePrivateFolder, readAndRemove, removeFolder } from '../../config/index.js';
import { messageOf } from '../../errors/message-of.js';
import { AdminProblem } from '../admin/admin-route.js';
import type { DiagnosisSources, Recording } from '../admin/routes/diagnosis-routes.js';
import type { Inquiry } from './inquiry.js';
import type { Supervisor } from './supervisor.js';
import { workerOf } from './worker-of.js';
import type { LiveWorker } from './worker-pool.js';

export interface DiagnosisOptions {
  readonly supervisor: Pick<Supervisor, 'pool' | 'excuse'>;
  readonly inquiry: Pick<Inquiry, 'ask'>;
}

/** On top of the length of the recording: it is put together and written. */
const WRITE_TIMEOUT_MS = 30_000;
/** Gigabytes take minutes; the worker cannot answer its heartbeat meanwhile. */
const HEAP_TIMEOUT_MS = 300_000;

export class Diagnosis implements DiagnosisSources {
  readonly #options: DiagnosisOptions;
  readonly #busy = new Set<number>();

  constructor(options: DiagnosisOptions) {
    this.#options = options;
  }

  readonly cpuProfile = (number: number, durationMs: number): Promise<Recording> =>
    this.#record(number, 'cpuprofile', (live, file) =>
      this.#options.inquiry.ask(live, 'cpu-profile', { durationMs, file }, durationMs + WRITE_TIMEOUT_MS),
    );

  readonly heapSnapshot = (number: number): Promise<Recording> =>
    this.#record(number, 'heapsnapshot', (live, file) => {
      this.#options.supervisor.excuse(live.worker, HEAP_TIMEOUT_MS);
      return this.#options.inquiry
        .ask(live, 'heap-snapshot', { file }, HEAP_TIMEOUT_MS)
        .finally(() => this.#options.supervisor.excuse(live.worker, 0));
    });

  async #record(
    number: number,
    kind: string,
    run: (live: LiveWorker, file: string) => Promise<unknown>,
  ): Promise<Recording> {
    const live = workerOf(this.#options.supervisor.pool, number);
    if (this.#busy.has(number)) throw new AdminProblem(409, `worker ${number} is being recorded already`);
    this.#busy.add(number);
    const folder = makePrivateFolder();
    const name = `torus-worker-${number}-${live.worker.process.pid}.${kind}`;
    const file = join(folder, name);
    try {
      await run(live, file);
      return { name, content: readAndRemove(file, folder) };
    } catch (error) {
      removeFolder(folder);
      const problem = messageOf(error);
      throw new AdminProblem(503, `worker ${number} was not recorded: ${problem}`);
    } finally {
      this.#busy.delete(number);
    }
  }
}
