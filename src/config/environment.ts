/** Owns the environment: how `.env` and the variables of environment-variables.ts become part of a configuration. */
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import { parse } from 'dotenv';
import { isRecord, type ConfigPath } from './config-path.js';
import { describeReadError, errorCode } from './config-source.js';

/**
 * The process environment laid over `.env` in `cwd`: what is really set wins. Nothing is written back to the process.
 * Throws when there is a `.env` that cannot be read.
 */
export function readEnvironment(cwd: string): NodeJS.ProcessEnv {
  return { ...readDotenv(resolve(cwd, '.env')), ...process.env };
}

function readDotenv(file: string): Record<string, string> {
  try {
    return parse(readFileSync(file));
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return {};
    throw new Error(`.env ${describeReadError(error)}`, { cause: error });
  }
}

/** One value that the environment puts into a configuration. */
export interface EnvironmentSetting {
  readonly path: ConfigPath;
  readonly value: unknown;
  /** The variable it came from. */
  readonly origin: string;
}

/** What the environment says about keys that it may set whether there is a file or not. */
export function overridesFrom(env: NodeJS.ProcessEnv): readonly EnvironmentSetting[] {
  const settings: EnvironmentSetting[] = [];
  const take = (
    path: ConfigPath,
    names: readonly string[],
    read: (value: string) => unknown = (value) => value,
  ): void => {
    const origin = names.find((name) => isSet(env[name]));
    if (origin !== undefined) settings.push({ path, value: read(env[origin] ?? ''), origin });
  };
  take(['workers'], ['TORUS_WORKERS', 'WORKERS']);
  take(['accept'], ['TORUS_ACCEPT'], (value) => value.toLowerCase());
  take(['log', 'level'], ['LOG_LEVEL'], (value) => value.toLowerCase());
  take(['log', 'access'], ['TORUS_ACCESS_LOG'], switchOf);
  take(['log', 'format'], ['TORUS_LOG_FORMAT']);
  take(['admin'], ['TORUS_ADMIN', 'ADMIN_PORT'], adminOf);
  take(['shutdown', 'delay'], ['TORUS_SHUTDOWN_DELAY']);
  take(['shutdown', 'timeout'], ['TORUS_SHUTDOWN_TIMEOUT']);
  return settings;
}

/** The HTTPS listener that stands in when a configuration names none. */
export function defaultListener(env: NodeJS.ProcessEnv, cwd: string): readonly EnvironmentSetting[] {
  const host = orDefault(env['HOST'], '0.0.0.0');
  const listener: ConfigPath = ['listeners', 0];
  const certificate: ConfigPath = [...listener, 'tls', 'certificates', 0];
  const address = `${isIPv6(host) ? `[${host}]` : host}:${orDefault(env['PORT'], '8443')}`;
  return [
    { path: [...listener, 'name'], value: 'https', origin: 'default listener' },
    { path: [...listener, 'address'], value: address, origin: isSet(env['PORT']) ? 'PORT' : 'HOST' },
    {
      path: [...certificate, 'cert'],
      value: resolve(cwd, orDefault(env['CERT_FILE'], 'certs/cert.pem')),
      origin: 'CERT_FILE',
    },
    {
      path: [...certificate, 'key'],
      value: resolve(cwd, orDefault(env['KEY_FILE'], 'certs/key.pem')),
      origin: 'KEY_FILE',
    },
  ];
}

/** The one route of a gateway without a file: everything, behind a JWT. */
export function environmentRoute(env: NodeJS.ProcessEnv): readonly EnvironmentSetting[] {
  const route: ConfigPath = ['routes', 0];
  const upstream = env['TORUS_UPSTREAM'];
  const settings: EnvironmentSetting[] = [
    { path: [...route, 'name'], value: 'default', origin: 'environment' },
    { path: [...route, 'match', 'path'], value: '/*', origin: 'environment' },
    {
      path: [...route, 'filters', 0, 'jwt-auth', 'secret'],
      value: env['JWT_SECRET'] ?? '',
      origin: 'JWT_SECRET',
    },
    { path: [...route, 'filters', 0, 'jwt-auth', 'algorithms', 0], value: 'HS256', origin: 'environment' },
  ];
  if (!isSet(upstream)) return settings;
  return [
    ...settings,
    { path: ['upstreams', 'default', 'endpoints', 0], value: upstream, origin: 'TORUS_UPSTREAM' },
    { path: [...route, 'upstream'], value: 'default', origin: 'TORUS_UPSTREAM' },
  ];
}

/** Puts a value at its place, making the objects and lists on the way; leaves anything else that stands there alone. */
export function placeSetting(root: Record<string, unknown>, setting: EnvironmentSetting): void {
  let container: Record<string | number, unknown> = root;
  for (const [index, part] of setting.path.entries()) {
    const next = setting.path[index + 1];
    if (next === undefined) {
      container[part] = setting.value;
      return;
    }
    const existing = (container[part] ??= typeof next === 'number' ? [] : {});
    if (!isRecord(existing) && !Array.isArray(existing)) return;
    container = existing as Record<string | number, unknown>;
  }
}

const isSet = (value: string | undefined): value is string => value !== undefined && value !== '';
const orDefault = (value: string | undefined, fallback: string): string => (isSet(value) ? value : fallback);

function switchOf(value: string): string {
  return { on: 'true', '1': 'true', off: 'false', '0': 'false' }[value.toLowerCase()] ?? value.toLowerCase();
}

function adminOf(value: string): unknown {
  if (/^(off|false|none)$/i.test(value)) return false;
  return { address: /^\d+$/.test(value) ? `127.0.0.1:${value}` : value };
}
