/** Owns endpoints that stand in a file: the last good content counts. */
import { watchEndpointFile } from '../../../../config/index.js';
import type { EndpointFile } from '../../../../config/index.js';
import type { EndpointConfig } from '../../../../contracts/upstream-config.js';
import type { Log } from '../../../../observability/logger.js';
import type { EndpointSource, SourceReport } from './source.js';

export interface FileSourceOptions {
  readonly upstream: string;
  /** Absolute. */
  readonly file: string;
  readonly shown: string;
  readonly log: Log;
  onRead(result: 'ok' | 'bad'): void;
}

export class FileSource implements EndpointSource {
  onChange: () => void = () => undefined;
  readonly #options: FileSourceOptions;
  #endpoints: readonly EndpointConfig[] = [];
  #problem: string | undefined;
  #unwatch: () => void = () => undefined;

  constructor(options: FileSourceOptions) {
    this.#options = options;
  }

  current(): readonly EndpointConfig[] {
    return this.#endpoints;
  }

  start(): Promise<void> {
    const { file, shown, upstream, log } = this.#options;
    this.#unwatch = watchEndpointFile(file, {
      onChange: (content) => this.#take(content),
      onUnwatched: (reason) =>
        log.warn(
          { upstream, file: shown, reason },
          `Endpoint file ${shown} is looked at every few seconds only`,
        ),
    });
    return Promise.resolve();
  }

  stop(): void {
    this.#unwatch();
  }

  report(): SourceReport {
    return { kind: 'file', from: this.#options.shown, problem: this.#problem };
  }

  #take(content: EndpointFile): void {
    const { upstream, shown, log } = this.#options;
    this.#options.onRead(content.ok ? 'ok' : 'bad');
    if (content.ok) {
      this.#problem = undefined;
      this.#endpoints = content.endpoints;
      this.onChange();
      return;
    }
    this.#problem = `${shown}${content.problems[0] ?? ''}`;
    for (const problem of content.problems)
      log.warn(
        { upstream, file: shown, kept: this.#endpoints.length },
        `${shown}${problem}: the endpoints of upstream ${upstream} stay as they are`,
      );
  }
}
