/** Owns what operators see and change of the configuration while it is served. */
import { diffSnapshots, redactSnapshot } from '../../config/index.js';
import type { ConfigChange } from '../../config/index.js';
import type { ConfigProblem, ConfigSnapshot } from '../../contracts/config.js';
import type { InstanceInput, LoadSnapshot } from './instance-input.js';
import { planReload } from './reload-plan.js';
import type { Reloader, ReloadResult } from './reloader.js';
import type { Supervisor } from './supervisor.js';

export interface LiveConfigOptions {
  readonly supervisor: Pick<Supervisor, 'snapshot'>;
  readonly reloader: Pick<Reloader, 'reload' | 'last'>;
  readonly input: InstanceInput;
}

/** What a configuration would do, or has done. */
export interface ConfigOutcome {
  /** `valid`: nothing was done, it was only asked. */
  readonly outcome: ReloadResult['outcome'] | 'valid';
  /** Generation that is served after it. */
  readonly version: number;
  /** Against what was served; empty where it could not be read. */
  readonly changes: readonly ConfigChange[];
  /** Keys that were changed and that the workers are replaced for, one by one. */
  readonly needNewWorkers: readonly string[];
  /** Keys that were changed, but hold from the next start on. */
  readonly needRestart: readonly string[];
  /** Warnings; when it was rejected, why. */
  readonly problems: readonly ConfigProblem[];
}

export class LiveConfig {
  readonly #options: LiveConfigOptions;

  constructor(options: LiveConfigOptions) {
    this.#options = options;
  }

  /** What is served, without secrets. */
  describe(): object {
    const { supervisor, reloader, input } = this.#options;
    const { snapshot } = supervisor;
    return {
      version: snapshot.version,
      source: input.source,
      ...(reloader.last === undefined ? {} : { lastReload: reloader.last }),
      config: redactSnapshot(snapshot),
    };
  }

  /** What that configuration would change; without a text, what the file as it is now would. Changes nothing. */
  async preview(text: string | undefined): Promise<ConfigOutcome> {
    const { supervisor, input } = this.#options;
    const { version } = supervisor.snapshot;
    const { snapshot, problems } = await input.peek(text, version);
    if (snapshot === undefined)
      return { outcome: 'rejected', version, changes: [], needNewWorkers: [], needRestart: [], problems };
    return { outcome: 'valid', version, problems, ...this.#changesTo(snapshot) };
  }

  /** Serves that configuration, in all workers or in none; without a text, the file as it is now. Never rejects. */
  async apply(text: string | undefined): Promise<ConfigOutcome> {
    const { reloader, input } = this.#options;
    const given = text === undefined ? undefined : input.given(text);
    let loaded: ConfigSnapshot | undefined;
    let seen: Pick<ConfigOutcome, 'changes' | 'needNewWorkers'> = { changes: [], needNewWorkers: [] };
    const load: LoadSnapshot = async (version) => {
      const result = await (given?.load ?? input.load)(version);
      loaded = result.snapshot;
      if (loaded !== undefined) seen = this.#changesTo(loaded);
      return result;
    };
    const result = await reloader.reload(load, text === undefined ? 'always' : 'changed');
    if (result.outcome !== 'rejected' && loaded !== undefined) await given?.adopt(loaded);
    return { ...seen, ...result };
  }

  #changesTo(next: ConfigSnapshot): Pick<ConfigOutcome, 'changes' | 'needNewWorkers' | 'needRestart'> {
    const { snapshot } = this.#options.supervisor;
    const { needNewWorkers, needRestart } = planReload(snapshot, next);
    return { changes: diffSnapshots(snapshot, next), needNewWorkers, needRestart };
  }
}
