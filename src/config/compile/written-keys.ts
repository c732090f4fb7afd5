/** Owns which keys of listeners, routes and upstreams a person wrote: with defaults in place nobody can tell any more. */
import type { WrittenKeys } from '../../contracts/config.js';
import { isRecord } from '../config-path.js';

/** Sections whose keys are settings with defaults. */
const SECTIONS = ['timeouts', 'limits', 'pool', 'http2', 'retryBudget', 'retry', 'filters'];

/** Reads the document before its defaults were put in. Whoever wrote nothing of the kind is left out. */
export function writtenKeys(raw: Readonly<Record<string, unknown>>): WrittenKeys {
  return {
    listeners: byName(named(raw['listeners'])),
    routes: byName(named(raw['routes'])),
    upstreams: byName(isRecord(raw['upstreams']) ? Object.entries(raw['upstreams']) : []),
  };
}

type Entry = readonly [name: string, value: unknown];

function named(list: unknown): readonly Entry[] {
  if (!Array.isArray(list)) return [];
  return list.filter(isRecord).map((item): Entry => [String(item['name']), item]);
}

function byName(entries: readonly Entry[]): Readonly<Record<string, readonly string[]>> {
  const written = entries.map(([name, value]) => [name, keysIn(value)] as const);
  return Object.fromEntries(written.filter(([, keys]) => keys.length > 0));
}

function keysIn(value: unknown): readonly string[] {
  if (!isRecord(value)) return [];
  return SECTIONS.flatMap((section) => {
    const settings = value[section];
    if (settings === undefined) return [];
    return isRecord(settings) ? Object.keys(settings).map((key) => `${section}.${key}`) : [section];
  });
}
