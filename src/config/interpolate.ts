/** Owns `${VAR}` and `${VAR:-default}` in the strings of a configuration file; `$${` stands for a plain `${`. */
import { isRecord, type ConfigPath } from './config-path.js';
import type { ConfigReport } from './config-report.js';
import { JWT_SECRET_MISSING } from './schema/filters/jwt-auth.js';
import { REDIRECT_PLACEHOLDERS } from './schema/filters/redirect.js';

export interface InterpolationContext {
  readonly env: NodeJS.ProcessEnv;
  readonly report: ConfigReport;
}

const REFERENCE = /\$(\$?)\{([^}]*)\}/g;
const CONTENT = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** A copy with every reference replaced. An unset variable without a default is a problem at its place. */
export function interpolate(value: unknown, path: ConfigPath, context: InterpolationContext): unknown {
  if (typeof value === 'string') return interpolateText(value, path, context);
  if (Array.isArray(value)) return value.map((item, index) => interpolate(item, [...path, index], context));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(
    ([key, item]) => [key, interpolate(item, [...path, key], context)] as const,
  );
  return Object.fromEntries(entries);
}

function interpolateText(text: string, path: ConfigPath, context: InterpolationContext): string {
  if (!text.includes('${')) return text;
  return text.replace(REFERENCE, (reference: string, escaped: string, content: string) => {
    if (escaped !== '') return reference.slice(1);
    return isPlaceholder(content, path) ? reference : resolve(reference, content, { ...context, path });
  });
}

/** `redirect.location` has four words of its own. */
function isPlaceholder(word: string, path: ConfigPath): boolean {
  return path.at(-1) === 'location' && path.at(-2) === 'redirect' && REDIRECT_PLACEHOLDERS.includes(word);
}

/** As a shell does it: the default also stands in for an empty variable. */
function resolve(
  reference: string,
  content: string,
  context: InterpolationContext & { readonly path: ConfigPath },
): string {
  const { env, report, path } = context;
  const [, name, fallback] = CONTENT.exec(content) ?? [];
  if (name === undefined) {
    report.error(path, 'must refer to variables as ${NAME} or ${NAME:-default}; write $${ for a plain ${');
    return reference;
  }
  const value = env[name];
  if (value !== undefined && (value !== '' || fallback === undefined)) {
    report.conceal(value, `\${${name}}`);
    return value;
  }
  if (fallback !== undefined) return fallback;
  const isJwtSecret = name === 'JWT_SECRET' && path.at(-1) === 'secret' && path.at(-2) === 'jwt-auth';
  report.error(
    path,
    isJwtSecret
      ? JWT_SECRET_MISSING
      : `environment variable ${name} is not set (give it a default: \${${name}:-...})`,
  );
  return reference;
}
