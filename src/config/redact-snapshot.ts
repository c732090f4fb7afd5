/** Owns the copy of a snapshot that may be printed: no key, secret or credential is in it. */
import type { ConfigSnapshot } from '../contracts/config.js';
import { isRecord } from './config-path.js';

const REDACTED = '[redacted]';
const SECRET_KEYS = new Set(['secret', 'keyPem', 'token']);
/** What is sent to a collector. */
const SECRET_MAP = 'headers';
const FIELD_MAPS = new Set(['set', 'append']);
const SECRET_FIELD = /auth|cookie|token|secret|key|password|credential/i;

/** Same shape; secrets, private keys, values of credential headers and queries of URLs are replaced. */
export function redactSnapshot(snapshot: ConfigSnapshot): ConfigSnapshot {
  return redact(snapshot, '') as ConfigSnapshot;
}

function redact(value: unknown, key: string): unknown {
  if (typeof value === 'string') return redactText(value, key);
  if (Array.isArray(value)) return value.map((item) => redact(item, key));
  if (!isRecord(value)) return value;
  const isFieldMap = FIELD_MAPS.has(key);
  const isSecretMap = key === SECRET_MAP;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      isSecretMap || (isFieldMap && SECRET_FIELD.test(name)) ? REDACTED : redact(item, name),
    ]),
  );
}

function redactText(value: string, key: string): string {
  if (SECRET_KEYS.has(key)) return REDACTED;
  return key === 'url' ? value.replace(/\?.*$/s, `?${REDACTED}`) : value;
}
