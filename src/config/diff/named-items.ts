/** Owns what tells one member of a list from the others: its name, or where it leads. */
import { isRecord } from '../config-path.js';

/** The members that `nameOf` reads. */
export const NAMING: ReadonlySet<string> = new Set(['name', 'certFile', 'scheme', 'host', 'port']);

export function nameOf(item: unknown): string | undefined {
  if (!isRecord(item)) return undefined;
  if (typeof item['name'] === 'string') return item['name'];
  if (typeof item['certFile'] === 'string') return item['certFile'];
  if (typeof item['host'] === 'string' && typeof item['port'] === 'number')
    return `${typeof item['scheme'] === 'string' ? `${item['scheme']}://` : ''}${item['host']}:${String(item['port'])}`;
  return undefined;
}

export const areNamed = (items: readonly unknown[]): boolean => {
  const names = items.map((item) => nameOf(item));
  return !names.includes(undefined) && new Set(names).size === names.length;
};
