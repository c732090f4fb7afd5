/** Owns what every check may know. */
import type { HostFacts } from '../../config/index.js';
import type { ConfigProblem, ConfigSnapshot } from '../../contracts/config.js';

export interface HostContext {
  readonly host: HostFacts;
  /** Wall clock, milliseconds since the epoch. */
  readonly nowMs: number;
}

export interface DoctorContext extends HostContext {
  readonly snapshot: ConfigSnapshot;
  readonly warnings: readonly ConfigProblem[];
  readonly cwd: string;
  /** Absolute; undefined when the environment stood alone. */
  readonly file: string | undefined;
  /** Absolute paths of the files that it was made from. */
  readonly inputs: readonly string[];
  /** What an instance of this configuration counts, by its admin API; undefined when none runs. Asked once. */
  instance(): Promise<string | undefined>;
}
