/** Owns the files that list the endpoints of an upstream: how they are read, and how a change of them is noticed. */
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import type { EndpointConfig } from '../contracts/upstream-config.js';
import { isRecord } from './config-path.js';
import { ConfigReport, formatProblem } from './config-report.js';
import { describeReadError } from './config-source.js';
import { reportIssues } from './schema-problems.js';
import { endpointSchema } from './schema/upstream/upstream-schema.js';
import { readSmallFile } from './small-file.js';
import { parseText } from './yaml-source.js';

export type EndpointFile =
  | { readonly ok: true; readonly endpoints: readonly EndpointConfig[] }
  /** Each begins with what follows the name of the file: `:12: [0].url: must be ...`. */
  | { readonly ok: false; readonly problems: readonly string[] };

export interface EndpointFileWatcher {
  /** The file says something else than before, or cannot be read any more. */
  onChange(content: EndpointFile): void;
  /** The system does not tell of changes; they are noticed by looking. Once for each reason. */
  onUnwatched(reason: string): void;
}

export const MAX_ENDPOINTS = 10_000;
/** What is written in pieces is read once it is quiet. */
const QUIET_MS = 100;
/** The safety net: not every file system tells of changes. */
export const POLL_MS = 5000;

const listSchema = z.array(endpointSchema).max(MAX_ENDPOINTS);
/** Where such a list stands in a configuration, so that complaints know the valid keys. */
const PLACE = ['upstreams', 'x', 'endpoints'] as const;

/** A list of endpoints as in the configuration, or an object with the key `endpoints`. An empty list is one. */
export function readEndpointFile(file: string): EndpointFile {
  const text = readSmallFile(file);
  return typeof text === 'string' ? parseEndpoints(text) : { ok: false, problems: [` ${text.reason}`] };
}

/** Looks at once, then with each change, until the returned function is called. */
export function watchEndpointFile(file: string, watcher: EndpointFileWatcher): () => void {
  const follower = new FileFollower(file, watcher);
  return () => follower.stop();
}

export function parseEndpoints(text: string): EndpointFile {
  const document = parseText(text);
  if (document.problems.length > 0)
    return {
      ok: false,
      problems: document.problems.map(({ line, message }) => `${lineMark(line)}: ${message}`),
    };
  const key = isRecord(document.value) ? ['endpoints'] : [];
  const list: unknown = isRecord(document.value) ? document.value['endpoints'] : document.value;
  const result = listSchema.safeParse(list);
  if (result.success) return withoutRepeats(result.data);
  const report = new ConfigReport({
    file: '',
    lineOf: (path) => document.lineOf([...key, ...path.slice(PLACE.length)]),
  });
  const issues = result.error.issues.map((issue) => ({ ...issue, path: [...PLACE, ...issue.path] }));
  reportIssues(issues, { upstreams: { x: { endpoints: list } } }, report);
  return { ok: false, problems: report.errors.map((problem) => shorten(formatProblem(problem))) };
}

const lineMark = (line: number | undefined): string => (line === undefined ? '' : `:${String(line)}`);
const shorten = (problem: string): string => problem.replace('upstreams.x.endpoints', 'endpoints');

function withoutRepeats(endpoints: readonly EndpointConfig[]): EndpointFile {
  const known = new Set<string>();
  for (const [index, { host, port }] of endpoints.entries()) {
    const address = `${host}:${String(port)}`;
    if (known.has(address))
      return { ok: false, problems: [`: endpoints[${String(index)}]: ${address} is there twice`] };
    known.add(address);
  }
  return { ok: true, endpoints };
}

/**
 * Watches the directory, not the file: a file that is renamed into place, and the `..data` link that Kubernetes swaps, are
 * other files than before.
 */
class FileFollower {
  readonly #file: string;
  readonly #watcher: EndpointFileWatcher;
  readonly #poll: NodeJS.Timeout;
  #quiet: NodeJS.Timeout | undefined;
  #system: FSWatcher | undefined;
  #unwatchedFor: string | undefined;
  #seen: string | undefined;

  constructor(file: string, watcher: EndpointFileWatcher) {
    this.#file = file;
    this.#watcher = watcher;
    this.#look();
    this.#watch();
    this.#poll = setInterval(() => this.#lookAgain(), POLL_MS);
  }

  stop(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#quiet);
    this.#system?.close();
    this.#system = undefined;
  }

  #watch(): void {
    try {
      const system = watch(dirname(this.#file), () => this.#lookWhenQuiet());
      system.on('error', (error) => this.#unwatch(describeReadError(error)));
      this.#system = system;
    } catch (error) {
      this.#unwatch(describeReadError(error));
    }
  }

  #unwatch(reason: string): void {
    this.#system?.close();
    this.#system = undefined;
    if (this.#unwatchedFor === reason) return;
    this.#unwatchedFor = reason;
    this.#watcher.onUnwatched(reason);
  }

  #lookWhenQuiet(): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#lookAgain(), QUIET_MS);
  }

  /** Watches anew each time: the directory may be another one of the same name. */
  #lookAgain(): void {
    this.#system?.close();
    this.#watch();
    this.#look();
  }

  #look(): void {
    const text = readSmallFile(this.#file);
    const seen = typeof text === 'string' ? `+${text}` : `-${text.reason}`;
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#watcher.onChange(
      typeof text === 'string' ? parseEndpoints(text) : { ok: false, problems: [` ${text.reason}`] },
    );
  }
}
