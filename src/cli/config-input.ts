/** Owns where the configuration of a running instance comes from: its file or environment, or a text that replaced it. */
import { resolve } from 'node:path';
import { InputWatch, readEnvironment } from '../config/index.js';
import type { ConfigSnapshot } from '../contracts/config.js';
import type { GivenConfig, InstanceInput, LoadSnapshot } from '../server/primary/instance-input.js';
import { loadOrExplain } from './load-or-explain.js';
import type { Loaded, Severity } from './load-or-explain.js';

export interface ConfigInputOptions {
  /** `--config FILE`. */
  readonly file: string | undefined;
  readonly cwd: string;
}

export class ConfigInput implements InstanceInput {
  readonly #options: ConfigInputOptions;
  readonly #watch = new InputWatch();
  /** What is served, where that is not the file. */
  #given: string | undefined;
  /** Of the configuration itself; undefined while the environment stands alone. */
  #file: string | undefined;

  constructor(options: ConfigInputOptions) {
    this.#options = options;
  }

  /** For the start. Undefined after every problem was logged. */
  async first(): Promise<ConfigSnapshot | undefined> {
    const { snapshot } = await this.#readFile(1, 'fatal');
    return snapshot;
  }

  /** A property, so that whoever asks for it asks for the same thing. */
  readonly load: LoadSnapshot = (version) => this.#readFile(version, 'error');

  given(text: string): GivenConfig {
    let inputs: readonly string[] = [];
    return {
      load: async (version) => {
        const loaded = await this.#read(version, 'error', text);
        ({ inputs } = loaded);
        return loaded;
      },
      adopt: ({ watch }) => {
        this.#given = text;
        this.#watch.enable(watch);
        return this.#watch.during(() => Promise.resolve({ inputs })).then(() => undefined);
      },
    };
  }

  peek(text: string | undefined, version: number): Promise<Loaded> {
    return this.#read(version, 'silent', text);
  }

  get source(): string {
    return this.#given === undefined ? (this.#file ?? 'environment') : 'admin API';
  }

  start(onChange: (load: LoadSnapshot) => void): void {
    this.#watch.start((changed) => onChange(this.#loaderAfter(changed)));
  }

  stop(): void {
    this.#watch.stop();
  }

  /** A renewed certificate of a given text is no reason to go back to the file; a change of the file is. */
  #loaderAfter(changed: readonly string[]): LoadSnapshot {
    const isFileChanged = this.#file !== undefined && changed.includes(this.#file);
    return this.#given === undefined || isFileChanged ? this.load : this.given(this.#given).load;
  }

  async #readFile(version: number, severity: Severity): Promise<Loaded> {
    const loaded = await this.#watch.during(() => this.#read(version, severity));
    if (loaded.snapshot === undefined) return loaded;
    this.#given = undefined;
    this.#file = loaded.file;
    this.#watch.enable(loaded.snapshot.watch);
    return loaded;
  }

  #read(version: number, severity: Severity, text?: string): Promise<Loaded> {
    const { file, cwd } = this.#options;
    const name = file === undefined ? undefined : resolve(cwd, file);
    return loadOrExplain(() => ({ file: name, text, cwd, env: readEnvironment(cwd), version }), severity);
  }
}
