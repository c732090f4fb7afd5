/** Owns a reload from the request to the last word about it. One runs at a time; a bad configuration changes nothing. */
import { isDeepStrictEqual } from 'node:util';
import type { ConfigProblem, ConfigSnapshot } from '../../contracts/config.js';
import type { Log } from '../../observability/logger.js';
import type { ConfigAnswer } from '../ipc/messages.js';
import type { EndpointDirectory } from './endpoints/endpoint-directory.js';
import type { LoadSnapshot } from './instance-input.js';
import { keySetUrls } from './key-sets.js';
import type { KeySetStore } from './key-sets.js';
import { planReload } from './reload-plan.js';
import type { ReloadPlan } from './reload-plan.js';
import type { Roller, Trial } from './roller.js';
import { Rollout } from './rollout.js';
import type { Scheduler } from './scheduler.js';
import { ReloadHistory } from './status/reload-history.js';
import type { Supervisor } from './supervisor.js';
import type { BootWith, WorkerRecord } from './worker-slot.js';
import type { WorkerTimes } from './worker-times.js';

/** What became of one reload. */
export interface ReloadResult {
  /** `unchanged`: it says what is served already, and nothing was done. */
  readonly outcome: 'applied' | 'rejected' | 'unchanged';
  /** Of the snapshot that is served after it. */
  readonly version: number;
  /** Warnings; when it was rejected, why. */
  readonly problems: readonly ConfigProblem[];
  /** Keys that were changed, but hold from the next start on. */
  readonly needRestart: readonly string[];
}

/** Whether a configuration that says what is served already is applied all the same: pools and balancers begin anew. */
export type ReloadWhen = 'changed' | 'always';

export interface ReloaderOptions {
  readonly supervisor: Pick<Supervisor, 'snapshot' | 'phase' | 'pool' | 'adopt' | 'kill'>;
  readonly keySets: Pick<KeySetStore, 'add' | 'retain'>;
  readonly endpoints: Pick<EndpointDirectory, 'prepare' | 'commit' | 'discard' | 'tellNow'>;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly load: LoadSnapshot;
  readonly roller: Pick<Roller, 'exclusively' | 'try' | 'complete'>;
  readonly times: Pick<WorkerTimes, 'reloaded'>;
  /** Why the primary itself could not serve it. */
  problemOf(snapshot: ConfigSnapshot): string | undefined;
  /** The workers serve it: the rest of the instance takes it over. */
  onApplied(snapshot: ConfigSnapshot): Promise<void>;
}

interface WaitingReload {
  readonly result: Promise<ReloadResult>;
  when: ReloadWhen;
}

export class Reloader {
  readonly #options: ReloaderOptions;
  readonly counts = { applied: 0, rejected: 0, unchanged: 0 };
  readonly history = new ReloadHistory();
  /** The last one that came to an end. */
  last: ReloadResult | undefined;

  #version: number;
  #rollout: Rollout | undefined;
  #last: Promise<unknown> | undefined;
  #waiting: WaitingReload | undefined;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#version = options.supervisor.snapshot.version;
  }

  /**
   * Reloads, one after the other. Requests during a reload share one more after it, because the file may have changed since
   * it was read; a request with a source of its own shares with nobody. Never rejects.
   */
  reload(load = this.#options.load, when: ReloadWhen = 'changed'): Promise<ReloadResult> {
    if (load !== this.#options.load) return this.#enqueue(() => this.#measure(load, when));
    const waiting = (this.#waiting ??= this.#wait());
    if (when === 'always') waiting.when = when;
    return waiting.result;
  }

  #wait(): WaitingReload {
    const waiting: { result?: Promise<ReloadResult>; when: ReloadWhen } = { when: 'changed' };
    waiting.result = this.#enqueue(() => {
      this.#waiting = undefined;
      return this.#measure(this.#options.load, waiting.when);
    });
    return waiting as WaitingReload;
  }

  #enqueue(run: () => Promise<ReloadResult>): Promise<ReloadResult> {
    const result = (this.#last ?? Promise.resolve()).then(run);
    const forget = (): void => {
      if (this.#last === last) this.#last = undefined;
    };
    const last = result.then(forget, forget);
    this.#last = last;
    return result;
  }

  receive(worker: WorkerRecord, answer: ConfigAnswer): void {
    const { supervisor } = this.#options;
    // What its fellows serve already it must take as well, or make room for one that does.
    const isAdopted = answer.version === supervisor.snapshot.version;
    if (isAdopted && answer.type === 'rejected') supervisor.kill(worker, answer.problem);
    else this.#rollout?.receive(worker, answer);
  }

  gone(worker: WorkerRecord): void {
    this.#rollout?.gone(worker);
  }

  async #measure(load: LoadSnapshot, when: ReloadWhen): Promise<ReloadResult> {
    const { scheduler, times } = this.#options;
    const startedAt = scheduler.now();
    const result = await this.#reloadOnce(load, when);
    if (!this.#isStopping()) {
      this.counts[result.outcome] += 1;
      times.reloaded(result.outcome, scheduler.now() - startedAt);
    }
    return result;
  }

  async #reloadOnce(load: LoadSnapshot, when: ReloadWhen): Promise<ReloadResult> {
    if (this.#isStopping()) return this.#end('rejected', STOPPING);
    this.#options.log.info('Reloading the configuration');
    const { snapshot: loaded, problems } = await load(this.#version + 1);
    if (this.#isStopping()) return this.#end('rejected', STOPPING);
    const { supervisor, log } = this.#options;
    if (loaded === undefined) {
      log.error({ version: supervisor.snapshot.version }, 'The new configuration is bad. The old one stays');
      return this.#end('rejected', problems);
    }
    const plan = planReload(supervisor.snapshot, loaded);
    if (plan.needRestart.length > 0)
      log.warn(
        { needRestart: plan.needRestart },
        `Changes of ${plan.needRestart.join(', ')} need a restart and are left out`,
      );
    if (when === 'changed' && isSame(supervisor.snapshot, plan.snapshot)) {
      log.info({ version: supervisor.snapshot.version }, 'The configuration is the one that is served');
      return this.#end('unchanged', problems, plan.needRestart);
    }
    this.#version = loaded.version;
    const problem = await this.#apply(plan);
    if (problem === undefined) return this.#end('applied', problems, plan.needRestart);
    return this.#end('rejected', [...problem, ...problems], plan.needRestart);
  }

  #end(
    outcome: ReloadResult['outcome'],
    problems: readonly ConfigProblem[],
    needRestart: readonly string[] = [],
  ): ReloadResult {
    this.history.note({ outcome, problems, needRestart });
    this.last = { outcome, version: this.#options.supervisor.snapshot.version, problems, needRestart };
    return this.last;
  }

  /** Undefined once it is served; otherwise why not. */
  async #apply({ snapshot, needNewWorkers }: ReloadPlan): Promise<readonly ConfigProblem[] | undefined> {
    const { supervisor, keySets, endpoints, roller } = this.#options;
    // Before the swap, so that no request meets a route whose keys were never asked for.
    const [state] = await Promise.all([endpoints.prepare(snapshot), keySets.add(keySetUrls(snapshot))]);
    const next = { snapshot, endpoints: state };
    const problem =
      needNewWorkers.length === 0
        ? await this.#rollOut(next)
        : await roller.exclusively(() => this.#rollOut(next, needNewWorkers));
    if (problem !== undefined) endpoints.discard();
    keySets.retain(keySetUrls(supervisor.snapshot));
    if (problem === undefined) await this.#options.onApplied(snapshot);
    if (problem === undefined) this.#options.log.info({ version: snapshot.version }, 'Configuration applied');
    return problem;
  }

  /** First everything that can fail, in the workers that serve and in a new one where sockets change; then the swap. */
  async #rollOut(
    next: BootWith,
    needNewWorkers: readonly string[] = [],
  ): Promise<readonly ConfigProblem[] | undefined> {
    if (this.#isStopping()) return STOPPING;
    const { supervisor, scheduler, roller } = this.#options;
    const ownProblem = this.#options.problemOf(next.snapshot);
    if (ownProblem !== undefined) return this.#refuse(ownProblem, 'The admin listener');
    const workers = supervisor.pool.inPhase('ready').map(({ worker }) => worker);
    const rollout = new Rollout({ ...next, workers, scheduler });
    this.#rollout = rollout;
    try {
      const vote = await rollout.prepare();
      if (this.#isStopping()) return STOPPING;
      if (!vote.ok) return this.#refuse(vote.problem);
      const trial = needNewWorkers.length === 0 ? undefined : await this.#tryNewWorker(next, needNewWorkers);
      if (this.#isStopping()) return STOPPING;
      if (trial?.ok === false) {
        rollout.discard();
        return this.#refuse(trial.problem);
      }
      await this.#swap(rollout, next.snapshot, {
        prepared: vote.prepared,
        newListeners: trial !== undefined,
      });
      if (trial !== undefined) await roller.complete(trial);
      return undefined;
    } finally {
      this.#rollout = undefined;
    }
  }

  #tryNewWorker(next: BootWith, needNewWorkers: readonly string[]): Promise<Trial> {
    this.#options.log.info({ changed: needNewWorkers }, 'Replacing the workers, one after the other');
    return this.#options.roller.try(next);
  }

  #refuse(problem: string, who = 'The workers'): readonly ConfigProblem[] {
    const { log } = this.#options;
    log.error({ reason: problem }, `${who} cannot serve the new configuration. The old one stays`);
    return [problemOf(problem)];
  }

  async #swap(
    rollout: Rollout,
    snapshot: ConfigSnapshot,
    vote: { readonly prepared: ReadonlySet<WorkerRecord>; readonly newListeners: boolean },
  ): Promise<void> {
    const { supervisor, endpoints, log } = this.#options;
    endpoints.commit();
    supervisor.adopt(snapshot, vote.prepared, vote.newListeners);
    endpoints.tellNow();
    log.level = snapshot.log.level;
    for (const worker of await rollout.confirm())
      supervisor.kill(worker, 'it did not take the new configuration');
  }

  #isStopping(): boolean {
    return this.#options.supervisor.phase === 'draining';
  }
}

/** A fault that no place in the file can be named for. */
const problemOf = (message: string): ConfigProblem => ({
  path: '',
  message,
  file: undefined,
  line: undefined,
  severity: 'error',
});

const STOPPING = [problemOf('the instance is stopping')];

const isSame = (served: ConfigSnapshot, next: ConfigSnapshot): boolean =>
  isDeepStrictEqual({ ...served, version: 0 }, { ...next, version: 0 });
