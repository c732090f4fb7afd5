/** Owns the list of problems of one load: where each one is, and that none of them repeats a secret. */
import type { ConfigProblem } from '../contracts/config.js';
import { formatPath, type ConfigPath } from './config-path.js';

/** Where the values of a configuration were written. */
export interface Provenance {
  /** As shown to people; undefined when there is no file. */
  readonly file: string | undefined;
  /** Line of the value, or of the nearest thing around it; undefined when lines are unknown. */
  lineOf(path: ConfigPath): number | undefined;
}

/** Values shorter than this are no secrets, and would make nonsense of ordinary words. */
const SHORTEST_SECRET = 6;

export class ConfigReport {
  readonly errors: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];
  readonly #provenance: Provenance;
  readonly #origins = new Map<string, string>();
  readonly #concealed = new Map<string, string>();

  constructor(provenance: Provenance) {
    this.#provenance = provenance;
  }

  /** The value at `path` does not come from the file but from what `origin` names, such as an environment variable. */
  setOrigin(path: ConfigPath, origin: string): void {
    this.#origins.set(formatPath(path), origin);
  }

  hasOrigin(path: ConfigPath): boolean {
    return this.#originOf(path) !== undefined;
  }

  /** From now on `value` is shown as `label` wherever a message would repeat it. */
  conceal(value: string, label: string): void {
    if (value.length >= SHORTEST_SECRET) this.#concealed.set(value, label);
  }

  error(path: ConfigPath, message: string): void {
    this.errors.push(this.#problem(path, message, 'error'));
  }

  warn(path: ConfigPath, message: string): void {
    this.warnings.push(this.#problem(path, message, 'warning'));
  }

  hasErrorAt(path: ConfigPath): boolean {
    const text = this.#originOf(path) ?? formatPath(path);
    return this.errors.some((problem) => problem.path === text);
  }

  #problem(path: ConfigPath, message: string, severity: ConfigProblem['severity']): ConfigProblem {
    const origin = this.#originOf(path);
    if (origin !== undefined)
      return { path: origin, message: this.#safe(message), file: undefined, line: undefined, severity };
    const { file } = this.#provenance;
    const line = file === undefined ? undefined : this.#provenance.lineOf(path);
    return { path: this.#safe(formatPath(path)), message: this.#safe(message), file, line, severity };
  }

  #originOf(path: ConfigPath): string | undefined {
    for (let length = path.length; length > 0; length -= 1) {
      const origin = this.#origins.get(formatPath(path.slice(0, length)));
      if (origin !== undefined) return origin;
    }
    return undefined;
  }

  #safe(message: string): string {
    let text = message;
    for (const [value, label] of this.#concealed) text = text.replaceAll(value, label);
    return text;
  }
}

/** One line: `torus.yaml:12: routes[0].match.path: must begin with /`. */
export function formatProblem(problem: ConfigProblem): string {
  const line = problem.line === undefined ? '' : `:${String(problem.line)}`;
  const place = problem.file === undefined ? '' : `${problem.file}${line}: `;
  const path = problem.path === '' ? '' : `${problem.path}: `;
  return `${place}${path}${problem.message}`.replace(/[\r\n]+/g, ' ');
}
