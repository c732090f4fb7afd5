/** Owns a reload from the request to the last word about it. One runs at a time; a bad configuration changes nothing. */
import type { ConfigSnapshot } from '../../contracts/config.js';
import type { Log } from '../../observability/logger.js';
import type { ConfigAnswer, EndpointDirectoryState } from '../ipc/messages.js';
import type { EndpointDirectory } from './endpoints/endpoint-directory.js';
import { keySetUrls } from './key-sets.js';
import type { KeySetStore } from './key-sets.js';
import { planReload } from './reload-plan.js';
import { Rollout } from './rollout.js';
import type { Scheduler } from './scheduler.js';
import type { Supervisor } from './supervisor.js';
import type { WorkerRecord } from './worker-slot.js';

/** Reads the configuration again. Undefined when it is bad: the problems were logged. Never rejects. */
export type LoadSnapshot = (version: number) => Promise<ConfigSnapshot | undefined>;

export interface ReloaderOptions {
  readonly supervisor: Pick<Supervisor, 'snapshot' | 'phase' | 'pool' | 'adopt' | 'kill'>;
  readonly keySets: Pick<KeySetStore, 'add' | 'retain'>;
  readonly endpoints: Pick<EndpointDirectory, 'prepare' | 'commit' | 'discard' | 'tellNow'>;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly load: LoadSnapshot;
}

export class Reloader {
  readonly #options: ReloaderOptions;
  readonly counts = { applied: 0, rejected: 0 };
  #version: number;
  #rollout: Rollout | undefined;
  #running: Promise<void> | undefined;
  #again = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#version = options.supervisor.snapshot.version;
  }

  /** Reloads. Requests during a reload ask for one more after it, because the file may have changed since it was read. */
  reload(): Promise<void> {
    if (this.#running !== undefined) this.#again = true;
    this.#running ??= this.#reloadAll().finally(() => (this.#running = undefined));
    return this.#running;
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

  async #reloadAll(): Promise<void> {
    do {
      this.#again = false;
      const applied = await this.#reloadOnce();
      if (this.#isStopping()) return;
      this.counts[applied ? 'applied' : 'rejected'] += 1;
    } while (this.#wasAskedAgain());
  }

  async #reloadOnce(): Promise<boolean> {
    const { supervisor, keySets, load, log } = this.#options;
    log.info('Reloading the configuration');
    const loaded = await load(this.#version + 1);
    if (this.#isStopping()) return false;
    if (loaded === undefined) {
      log.error({ version: supervisor.snapshot.version }, 'The new configuration is bad. The old one stays');
      return false;
    }
    this.#version = loaded.version;
    const { snapshot, needRestart } = planReload(supervisor.snapshot, loaded);
    if (needRestart.length > 0)
      log.warn({ needRestart }, `Changes of ${needRestart.join(', ')} need a restart and are left out`);
    // Before the swap, so that no request meets a route whose keys were never asked for.
    const [endpoints] = await Promise.all([
      this.#options.endpoints.prepare(snapshot),
      keySets.add(keySetUrls(snapshot)),
    ]);
    const isApplied = !this.#isStopping() && (await this.#rollOut(snapshot, endpoints));
    if (!isApplied) this.#options.endpoints.discard();
    keySets.retain(keySetUrls(supervisor.snapshot));
    return isApplied;
  }

  async #rollOut(snapshot: ConfigSnapshot, endpoints: EndpointDirectoryState): Promise<boolean> {
    const { supervisor, scheduler, log } = this.#options;
    const workers = supervisor.pool.inPhase('ready').map(({ worker }) => worker);
    const rollout = new Rollout({ snapshot, endpoints, workers, scheduler });
    this.#rollout = rollout;
    try {
      const vote = await rollout.prepare();
      if (this.#isStopping()) return false;
      if (!vote.ok) {
        log.error(
          { reason: vote.problem },
          'The workers cannot serve the new configuration. The old one stays',
        );
        return false;
      }
      this.#options.endpoints.commit();
      supervisor.adopt(snapshot, vote.prepared);
      this.#options.endpoints.tellNow();
      log.level = snapshot.log.level;
      for (const worker of await rollout.confirm())
        supervisor.kill(worker, 'it did not take the new configuration');
      log.info({ version: snapshot.version }, 'Configuration applied');
      return true;
    } finally {
      this.#rollout = undefined;
    }
  }

  #isStopping(): boolean {
    return this.#options.supervisor.phase === 'draining';
  }

  #wasAskedAgain(): boolean {
    return this.#again;
  }
}
