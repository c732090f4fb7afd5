/** Owns the copy of a snapshot that may be printed: no key, secret or credential is in it. */
import type { ConfigSnapshot } from '../contracts/config.js';
import { isSecretName } from '../http/secret-fields.js';
import { isRecord } from './config-path.js';

const REDACTED = '[redacted]';
const SECRET_KEYS = new Set(['secret', 'keyPem', 'token']);
/** What is sent to a collector. */
const SECRET_MAP = 'headers';
const FIELD_MAPS = new Set(['set', 'append']);

/**
 * Same shape; secrets, private keys, values of credential headers and queries of URLs are replaced. The notes on who wrote what are for
 * Torus itself, and left out.
 */
export function redactSnapshot(snapshot: ConfigSnapshot): ConfigSnapshot {
  const served = Object.entries(snapshot).filter(([key]) => key !== 'written');
  return redact(Object.fromEntries(served), '') as ConfigSnapshot;
}

function redact(value: unknown, key: string): unknown {
  if (typeof value === 'string') return redactText(value, key);
  if (Array.isArray(value)) return value.map((item) => redact(item, isRecord(item) ? '' : key));
  if (!isRecord(value)) return value;
  if (isSecretPredicate(value)) return { ...value, value: REDACTED };
  const isFieldMap = FIELD_MAPS.has(key);
  const isSecretMap = key === SECRET_MAP;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      isSecretMap || (isFieldMap && isSecretName(name)) ? REDACTED : redact(item, name),
    ]),
  );
}

/** What a route asks of a field or parameter. */
const isSecretPredicate = ({ name, value }: Readonly<Record<string, unknown>>): boolean =>
  typeof name === 'string' && typeof value === 'string' && isSecretName(name);

function redactText(value: string, key: string): string {
  if (SECRET_KEYS.has(key)) return REDACTED;
  return key === 'url' ? value.replace(/\?.*$/s, `?${REDACTED}`) : value;
}
