/** Owns the whole way from text and environment to one frozen snapshot, or to the list of everything that is wrong. */
import type { ConfigProblem, ConfigSnapshot } from '../contracts/config.js';
import { compileSnapshot } from './compile/compile-snapshot.js';
import { isRecord, type ConfigPath } from './config-path.js';
import { ConfigReport } from './config-report.js';
import { readGivenText, readSource, type ConfigSource } from './config-source.js';
import { deepFreeze } from './deep-freeze.js';
import {
  defaultListener,
  environmentRoute,
  overridesFrom,
  placeSetting,
  type EnvironmentSetting,
} from './environment.js';
import { interpolate } from './interpolate.js';
import { reportIssues } from './schema-problems.js';
import { writtenKeys } from './compile/written-keys.js';
import { tracingFrom } from './tracing-environment.js';
import { configSchema, type ConfigDocument, type TorusConfig } from './schema/document.js';

export interface LoadRequest {
  /** `--config FILE`; otherwise the first default file in `cwd`, otherwise the environment alone. */
  readonly file?: string | undefined;
  /** YAML or JSON that takes the place of what the file says. */
  readonly text?: string | undefined;
  readonly cwd: string;
  /** From `readEnvironment`. */
  readonly env: NodeJS.ProcessEnv;
  /** Version of the snapshot; 1 unless told otherwise. */
  readonly version?: number | undefined;
  /** Keys that win over file and environment. Objects are merged one level deep, lists are replaced. */
  readonly overrides?: Partial<TorusConfig> | undefined;
  /** Wall clock, milliseconds since the epoch. */
  readonly now?: (() => number) | undefined;
}

export type LoadResult =
  | {
      readonly ok: true;
      readonly snapshot: ConfigSnapshot;
      readonly warnings: readonly ConfigProblem[];
      /** Absolute; undefined when the environment stood alone. */
      readonly file: string | undefined;
      readonly inputs: readonly string[];
    }
  | {
      readonly ok: false;
      /** Errors first, then warnings. */
      readonly problems: readonly ConfigProblem[];
      /** Absolute paths of the files that it was read from, as far as that went. */
      readonly inputs: readonly string[];
    };

/** Never rejects for anything a person wrote: that is what `problems` is for. */
export async function loadConfig(request: LoadRequest): Promise<LoadResult> {
  const { file, text, cwd } = request;
  const source = text === undefined ? await readSource(file, cwd) : readGivenText(text, file, cwd);
  const report = new ConfigReport(source);
  concealEnvironment(request.env, report);
  const raw = rawDocument(source, request, report);
  const document = raw === undefined ? undefined : validate(raw, report);
  const inputs = new Set(source.absoluteFile === undefined ? [] : [source.absoluteFile]);
  if (document === undefined) return failure(report, inputs);
  const snapshot = compileSnapshot(document, request.version ?? 1, {
    report,
    cwd: request.cwd,
    directory: source.directory,
    inputs,
    nowMs: (request.now ?? Date.now)(),
    allowsMissingUpstream: source.file === undefined,
  });
  if (report.errors.length > 0) return failure(report, inputs);
  return {
    ok: true,
    snapshot: deepFreeze({ ...snapshot, written: writtenKeys(raw ?? {}) }),
    warnings: report.warnings,
    file: source.absoluteFile,
    inputs: [...inputs],
  };
}

function failure(report: ConfigReport, inputs: ReadonlySet<string>): LoadResult {
  const byLine = (a: ConfigProblem, b: ConfigProblem): number => (a.line ?? 0) - (b.line ?? 0);
  const problems = [...report.errors.sort(byLine), ...report.warnings.sort(byLine)];
  return { ok: false, problems, inputs: [...inputs] };
}

function concealEnvironment(env: NodeJS.ProcessEnv, report: ConfigReport): void {
  const secret = env['JWT_SECRET'];
  if (secret !== undefined) report.conceal(secret, '${JWT_SECRET}');
}

/** The document as written, with variables and environment in place; undefined when it cannot be read at all. */
function rawDocument(
  source: ConfigSource,
  request: LoadRequest,
  report: ConfigReport,
): Record<string, unknown> | undefined {
  for (const problem of source.problems)
    report.errors.push(readProblem(source, problem.message, problem.line));
  if (report.errors.length > 0) return undefined;
  const written =
    source.file === undefined ? {} : interpolate(source.value ?? {}, [], { env: request.env, report });
  if (!isRecord(written)) {
    report.error([], 'must be an object with keys such as listeners, upstreams and routes');
    return undefined;
  }
  const tracing = tracingFrom(request.env, written, report);
  if (tracing.length > 0 && (written['tracing'] === true || written['tracing'] === 'true'))
    written['tracing'] = {};
  for (const setting of [...settingsFor(written, source, request), ...tracing]) {
    placeSetting(written, setting);
    report.setOrigin(setting.path, setting.origin);
  }
  applyOverrides(written, request.overrides ?? {}, report);
  concealSecrets(written, [], report);
  return written;
}

function readProblem(source: ConfigSource, message: string, line: number | undefined): ConfigProblem {
  return { path: '', message, file: source.file, line, severity: 'error' };
}

function settingsFor(
  written: Readonly<Record<string, unknown>>,
  source: ConfigSource,
  request: LoadRequest,
): readonly EnvironmentSetting[] {
  const { env, cwd, overrides } = request;
  const needsListener = written['listeners'] === undefined && overrides?.listeners === undefined;
  return [
    ...overridesFrom(env),
    ...(needsListener ? defaultListener(env, cwd) : []),
    ...(source.file === undefined ? environmentRoute(env) : []),
  ];
}

function applyOverrides(
  written: Record<string, unknown>,
  overrides: Partial<TorusConfig>,
  report: ConfigReport,
): void {
  for (const [key, value] of Object.entries(overrides)) {
    const existing = written[key];
    written[key] = isRecord(existing) && isRecord(value) ? { ...existing, ...value } : value;
    report.setOrigin([key], `overrides.${key}`);
  }
}

/** Secrets written out in the file must not come back in a message either. */
function concealSecrets(value: unknown, path: ConfigPath, report: ConfigReport): void {
  if (Array.isArray(value)) value.forEach((item, index) => concealSecrets(item, [...path, index], report));
  else if (isRecord(value))
    for (const [key, item] of Object.entries(value)) concealSecrets(item, [...path, key], report);
  else if (typeof value === 'string' && isSecretAt(path)) report.conceal(value, '[secret]');
}

/** Of headers for a collector every value may be one. */
const isSecretAt = (path: ConfigPath): boolean =>
  path.at(-1) === 'secret' || (path[0] === 'tracing' && path[1] === 'headers');

function validate(raw: Record<string, unknown>, report: ConfigReport): ConfigDocument | undefined {
  // Parsed once: generating code for it costs more than it saves.
  const result = configSchema.safeParse(raw, { jitless: true });
  if (!result.success) reportIssues(result.error.issues, raw, report);
  warnOfMissingUpstream(raw, report);
  return result.success && report.errors.length === 0 ? result.data : undefined;
}

/** Only the environment alone can be without: its route says so here, once, and answers 503. */
function warnOfMissingUpstream(raw: Readonly<Record<string, unknown>>, report: ConfigReport): void {
  const path: ConfigPath = ['routes', 0, 'upstream'];
  const fromEnvironment = report.hasOrigin(['routes', 0, 'match', 'path']);
  const route: unknown = Array.isArray(raw['routes']) ? raw['routes'][0] : undefined;
  if (!fromEnvironment || !isRecord(route) || route['upstream'] !== undefined) return;
  report.setOrigin(path, 'TORUS_UPSTREAM');
  report.warn(path, 'is not set: every request will be answered 503');
}
