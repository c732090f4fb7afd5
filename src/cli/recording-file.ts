/** Owns the file of a recording: a new one, for its owner alone, that is there whole or not at all. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openPrivateFile, removeFile } from '../config/index.js';
import { messageOf } from '../errors/message-of.js';
import { AdminFailure } from './admin-failure.js';

type WriteStream = ReturnType<typeof openPrivateFile>;

const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class RecordingFile {
  readonly name: string;
  readonly #stream: WriteStream;

  private constructor(name: string, stream: WriteStream) {
    this.name = name;
    this.#stream = stream;
    for (const signal of STOPS) process.once(signal, this.#onStop);
  }

  /** Rejects with an `AdminFailure` when it is there already, or cannot be made. */
  static async create(name: string): Promise<RecordingFile> {
    const stream = openPrivateFile(name);
    try {
      await once(stream, 'open');
    } catch (error) {
      throw cannotWrite(name, error);
    }
    return new RecordingFile(name, stream);
  }

  /** Rejects with an `AdminFailure` when not all of it could be written; the file is gone then. */
  async fill(recording: Readable): Promise<void> {
    try {
      await pipeline(recording, this.#stream);
    } catch (error) {
      this.discard();
      throw cannotWrite(this.name, error);
    }
    this.#forgetStops();
  }

  /** May be called again. */
  discard(): void {
    this.#forgetStops();
    this.#stream.destroy();
    removeFile(this.name);
  }

  /** Who gives up in the middle finds no empty file in the way the next time. */
  readonly #onStop = (signal: NodeJS.Signals): void => {
    this.discard();
    process.kill(process.pid, signal);
  };

  #forgetStops(): void {
    for (const signal of STOPS) process.removeListener(signal, this.#onStop);
  }
}

const cannotWrite = (name: string, error: unknown): AdminFailure =>
  new AdminFailure(`${name} cannot be written: ${messageOf(error)}`);
