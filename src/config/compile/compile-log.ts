/** Owns the step from `log` as written to the log as used. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { AccessLogConfig, AccessLogSource, LogConfig, RouteConfig } from '../../contracts/config.js';
import { describeReadError, displayPath } from '../config-source.js';
import type { LogDocument } from '../schema/log-schema.js';
import type { CompileContext } from './compile-context.js';

type AccessDocument = NonNullable<LogDocument['access']>;

export function compileLog(log: LogDocument, context: CompileContext): LogConfig {
  const pretty = log.format === 'pretty';
  const access = log.access === undefined ? undefined : compileAccess(log.access, context);
  if (pretty && access !== undefined && access.file === undefined && access.format !== 'json')
    context.report.error(
      ['log', 'access', 'format'],
      `must be json where log.format is pretty, or go to a file`,
    );
  return { level: log.level, access, pretty };
}

function compileAccess(access: AccessDocument, context: CompileContext): AccessLogConfig {
  const fields = Object.entries(access.fields);
  if (access.format !== 'json' && fields.length > 0)
    context.report.error(['log', 'access', 'fields'], 'only JSON lines can hold further fields');
  return {
    format: access.format,
    fields: Object.fromEntries(fields.map(([name, source]) => [name, sourceOf(source)])),
    sample: access.sample,
    file: access.file === undefined ? undefined : writableFile(access.file, context),
  };
}

/** What a route takes its token from holds a secret whatever its name is. */
export function refuseTokenHeaders(
  { access }: LogConfig,
  routes: readonly RouteConfig[],
  { report }: CompileContext,
): void {
  for (const [name, source] of Object.entries(access?.fields ?? {})) {
    const route = source.kind === 'header' && routes.find((each) => takesTokenFrom(each, source.name));
    if (route)
      report.error(
        ['log', 'access', 'fields', name, 'header'],
        `must not name the header that carries the token of route ${route.name}`,
      );
  }
}

const takesTokenFrom = ({ filters }: RouteConfig, header: string): boolean =>
  filters.some(
    ({ name, options }) =>
      name === 'jwt-auth' && options.from.kind === 'header' && options.from.name.toLowerCase() === header,
  );

function sourceOf({ header, claim }: AccessDocument['fields'][string]): AccessLogSource {
  return header === undefined
    ? { kind: 'claim', name: claim ?? '' }
    : { kind: 'header', name: header.toLowerCase() };
}

/** The absolute path. A log that cannot be written is better known before the start than after the first incident. */
function writableFile(name: string, context: CompileContext): string {
  const file = resolve(context.directory, name);
  try {
    const exists = statSync(file, { throwIfNoEntry: false }) !== undefined;
    accessSync(exists ? file : dirname(file), constants.W_OK);
  } catch (error) {
    const shown = displayPath(file, context.cwd);
    context.report.error(
      ['log', 'access', 'file'],
      `log file ${shown} cannot be written: ${describeReadError(error)}`,
    );
  }
  return file;
}
