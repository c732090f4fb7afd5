/**
 * Owns the question whether a file that the configuration was made from has changed since: the configuration itself, and the
 * certificates, keys and key sets that it names. By asking the file system once a second, which sees every way there is:
 * written over, renamed into place, a link of a ConfigMap turned to another folder, a remote file system.
 */
import { stat } from 'node:fs/promises';

const POLL_MS = 1000;
const MISSING = 'missing';

/** file -> what tells one state of it from another. */
type States = ReadonlyMap<string, string>;

/** Absolute paths. */
type OnChange = (changed: readonly string[]) => void;

export class InputWatch {
  /** As they were when they were last read. */
  #known: States = new Map();
  /** As they were at the last look: a file that is still being written changes from look to look. */
  #seen: States = new Map();
  #enabled = false;
  #looking = false;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Calls back, with the files that changed, when something has changed and stays as it is for a second. Not while a change
   * waits to be read.
   */
  start(onChange: OnChange): void {
    this.#timer = setInterval(() => void this.#look(onChange), POLL_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Reads by `load`, and watches from then on what it has read. What changes meanwhile counts as changed. */
  async during<T extends { readonly inputs: readonly string[] }>(load: () => Promise<T>): Promise<T> {
    const before = await statesOf([...this.#known.keys()]);
    const loaded = await load();
    // Nothing could be read at all: what was watched may say when it can.
    if (loaded.inputs.length === 0) return loaded;
    const after = await statesOf(loaded.inputs);
    this.#known = new Map([...after].map(([file, state]) => [file, before.get(file) ?? state]));
    return loaded;
  }

  enable(enabled: boolean): void {
    this.#enabled = enabled;
  }

  async #look(onChange: OnChange): Promise<void> {
    if (!this.#enabled || this.#looking) return;
    this.#looking = true;
    const known = this.#known;
    const now = await statesOf([...known.keys()]);
    this.#looking = false;
    const isSettled = areEqual(now, this.#seen);
    this.#seen = now;
    // Something may have been loaded while the files were looked at.
    if (!isSettled || known !== this.#known || areEqual(now, known)) return;
    // Said once: if it cannot be used, it has to change again.
    this.#known = now;
    onChange([...now].flatMap(([file, state]) => (known.get(file) === state ? [] : [file])));
  }
}

const statesOf = async (files: readonly string[]): Promise<States> =>
  new Map(await Promise.all(files.map(async (file) => [file, await stateOf(file)] as const)));

/** Of the file that the path leads to now. Never rejects. */
const stateOf = async (file: string): Promise<string> => {
  try {
    const { dev, ino, size, mtimeMs } = await stat(file);
    return [dev, ino, size, mtimeMs].join(':');
  } catch {
    return MISSING;
  }
};

const areEqual = (some: States, others: States): boolean =>
  some.size === others.size && [...some].every(([file, state]) => others.get(file) === state);
