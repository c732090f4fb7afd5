/** Owns what the primary needs of the place its configurations come from. */
import type { ConfigProblem, ConfigSnapshot } from '../../contracts/config.js';

/** What reading a configuration came to. `problems` holds its warnings, or, without a snapshot, why there is none. */
export interface LoadedSnapshot {
  readonly snapshot: ConfigSnapshot | undefined;
  readonly problems: readonly ConfigProblem[];
}

/** Reads a configuration, which is to have that version. A bad one is in `problems`, and was logged. Never rejects. */
export type LoadSnapshot = (version: number) => Promise<LoadedSnapshot>;

/** A configuration that was handed over, not yet in use. */
export interface GivenConfig {
  readonly load: LoadSnapshot;
  /** It is served from now on: its files are watched, and read again with it. */
  adopt(snapshot: ConfigSnapshot): Promise<void>;
}

export interface InstanceInput {
  /** What SIGHUP reads: the file, or the environment. */
  readonly load: LoadSnapshot;
  /** YAML or JSON in place of the file, until the file changes or SIGHUP comes. */
  given(text: string): GivenConfig;
  /** Reads that text, or the file, without any consequence: nothing is logged, watched or remembered. */
  peek(text: string | undefined, version: number): Promise<LoadedSnapshot>;
  /** Where what is served comes from, in words. */
  readonly source: string;
  /** Says how to read what has changed, when something has. */
  start(onChange: (load: LoadSnapshot) => void): void;
  stop(): void;
}
