/** Owns the members of what came or went as a whole, one by one, as they would be shown if each had changed. */
import type { WrittenKeys } from '../../contracts/config.js';
import { isRecord } from '../config-path.js';
import { areNamed, nameOf, NAMING } from './named-items.js';
import { showValue, withoutUnit } from './shown-value.js';

export interface ConfigMember {
  /** Within it: `match.path`. */
  readonly path: string;
  /** As people would write it; empty where that it is there says all. */
  readonly value: string;
}

/** Without what names it, and without what is empty. */
export const membersOf = (item: object): readonly ConfigMember[] => [...partsOf('', withoutName(item))];

function* partsOf(path: string, value: unknown): Generator<ConfigMember> {
  if (isRecord(value))
    for (const [key, item] of Object.entries(value))
      yield* partsOf(path === '' ? key : `${path}.${key}`, item);
  else if (!Array.isArray(value)) {
    if (value !== undefined) yield leaf(path, value);
  } else if (!areNamed(value)) yield leaf(path, value);
  else
    for (const item of value as readonly object[]) yield* namedParts(`${path}[${nameOf(item) ?? ''}]`, item);
}

function* namedParts(path: string, item: object): Generator<ConfigMember> {
  const parts = [...partsOf(path, withoutName(item))];
  if (parts.length === 0) yield { path, value: '' };
  else yield* parts;
}

const leaf = (path: string, value: unknown): ConfigMember => ({
  path: withoutUnit(path),
  value: showValue(path.slice(path.lastIndexOf('.') + 1), value),
});

/** A port alone names nothing. */
function withoutName(item: object): object {
  if (nameOf(item) === undefined) return item;
  const naming = 'name' in item ? new Set(['name']) : NAMING;
  return Object.fromEntries(Object.entries(item).filter(([key]) => !naming.has(key)));
}

/** Sections that hold settings with defaults, and nothing else. */
const SETTINGS = new Set(['timeouts', 'limits', 'pool', 'http2', 'retryBudget', 'retry']);
const THING = /^(listeners|routes|upstreams)\[(.*)\]$/;

/** Somebody wrote the section that the member is in, or nobody knows who wrote what. */
export function isTold(written: WrittenKeys | undefined, path: string, member: string): boolean {
  const [, kind, name = ''] = THING.exec(path) ?? [];
  const [section = ''] = member.split('.', 1);
  if (kind === undefined || written === undefined || !SETTINGS.has(section)) return true;
  const keys = written[kind as keyof WrittenKeys][name] ?? [];
  return keys.some((key) => key === section || key.startsWith(`${section}.`));
}
