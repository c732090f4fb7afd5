/** Owns the reading of `Connection` (RFC 9110 section 7.6.1): what it says of persistence, and which fields it names. */

export interface ConnectionOptions {
  readonly close: boolean;
  readonly keepAlive: boolean;
  readonly upgrade: boolean;
  /** Lower-case names of fields meant for this hop only, without the options above. */
  readonly named: readonly string[];
}

const NONE: ConnectionOptions = { close: false, keepAlive: false, upgrade: false, named: [] };
const KEEP_ALIVE: ConnectionOptions = { ...NONE, keepAlive: true };
const CLOSE: ConnectionOptions = { ...NONE, close: true };

/** Fields a client may not remove by naming them: they carry routing or framing (RFC 9110 section 7.6.1). */
const PROTECTED = new Set(['host', 'content-length', 'transfer-encoding', 'connection', '']);

export function parseConnection(value: string): ConnectionOptions {
  if (value === '') return NONE;
  if (value === 'keep-alive' || value === 'Keep-Alive') return KEEP_ALIVE;
  if (value === 'close') return CLOSE;
  const options = value
    .toLowerCase()
    .split(',')
    .map((option) => option.trim());
  const isNamed = (option: string): boolean =>
    option !== 'close' && option !== 'keep-alive' && option !== 'upgrade' && !PROTECTED.has(option);
  return {
    close: options.includes('close'),
    keepAlive: options.includes('keep-alive'),
    upgrade: options.includes('upgrade'),
    named: options.filter(isNamed),
  };
}
