/** Owns what is different between two snapshots, in the words of the configuration, without showing a secret. */
import { isDeepStrictEqual } from 'node:util';
import type { ConfigSnapshot } from '../../contracts/config.js';
import { isRecord } from '../config-path.js';
import { redactSnapshot } from '../redact-snapshot.js';
import { isTold, membersOf, type ConfigMember } from './members.js';
import { areNamed, nameOf } from './named-items.js';
import { showValue, withoutUnit } from './shown-value.js';

export interface ConfigChange {
  readonly kind: 'added' | 'removed' | 'changed';
  /** `routes[users].timeouts.request`: things with a name stand under it, not under their place. */
  readonly path: string;
  /** As people would write it; `[redacted]` for secrets. Undefined for what was added. */
  readonly from?: string;
  /** Undefined for what was removed. */
  readonly to?: string;
  /** Of what came or went and has parts: those, whole; settings that nobody wrote are left out. */
  readonly members?: readonly ConfigMember[];
}

/** One value of a snapshot, and the same as it may be shown. */
interface Seen {
  readonly value: unknown;
  readonly shown: unknown;
}

/** In the order of the keys; empty when a reload would change nothing that holds. */
export function diffSnapshots(former: ConfigSnapshot, next: ConfigSnapshot): readonly ConfigChange[] {
  return [...compare('', seenOf(former), seenOf(next))].map((change) => {
    if (change.members === undefined) return change;
    const { written } = change.kind === 'added' ? next : former;
    return { ...change, members: change.members.filter(({ path }) => isTold(written, change.path, path)) };
  });
}

const seenOf = (snapshot: ConfigSnapshot): Seen => ({
  value: servedOf(snapshot),
  shown: servedOf(redactSnapshot(snapshot)),
});

/** The number of a snapshot, and the notes on who wrote what of it, change nothing. */
const servedOf = (snapshot: ConfigSnapshot): object =>
  Object.fromEntries(Object.entries(snapshot).filter(([key]) => key !== 'version' && key !== 'written'));

function* compare(path: string, from: Seen, to: Seen): Generator<ConfigChange> {
  if (isDeepStrictEqual(from.value, to.value)) return;
  const parts = partsOf(from.value, to.value);
  if (parts === undefined) yield leaf(path, from, to);
  else
    for (const part of parts.keys)
      yield* compare(parts.pathOf(path, part), parts.at(from, part), parts.at(to, part));
  if (parts?.isOrdered === true && isReordered(from.value, to.value))
    yield { kind: 'changed', path, from: namesIn(from.value), to: namesIn(to.value) };
}

function leaf(path: string, from: Seen, to: Seen): ConfigChange {
  const key = /([^.[\]]*)\]?$/.exec(path)?.[1] ?? '';
  const shownPath = withoutUnit(path);
  if (from.value === undefined)
    return { kind: 'added', path: shownPath, to: showValue(key, to.shown), ...parted(to) };
  if (to.value === undefined)
    return { kind: 'removed', path: shownPath, from: showValue(key, from.shown), ...parted(from) };
  return { kind: 'changed', path: shownPath, from: showValue(key, from.shown), to: showValue(key, to.shown) };
}

const parted = ({ shown }: Seen): Pick<ConfigChange, 'members'> =>
  isRecord(shown) ? { members: membersOf(shown) } : {};

/** How two values are taken apart; undefined for values that are compared as they are. */
interface Parts {
  readonly keys: readonly string[];
  /** Their order means something. */
  readonly isOrdered: boolean;
  pathOf(path: string, key: string): string;
  at(seen: Seen, key: string): Seen;
}

function partsOf(from: unknown, to: unknown): Parts | undefined {
  if (isRecord(from) && isRecord(to)) return recordParts(from, to);
  if (Array.isArray(from) && Array.isArray(to) && areNamed(from) && areNamed(to)) return listParts(from, to);
  return undefined;
}

const recordParts = (from: object, to: object): Parts => ({
  keys: [...new Set([...Object.keys(from), ...Object.keys(to)])],
  isOrdered: false,
  pathOf: (path, key) => (path === '' ? key : `${path}.${key}`),
  at: ({ value, shown }, key) => ({ value: memberOf(value, key), shown: memberOf(shown, key) }),
});

const listParts = (from: readonly unknown[], to: readonly unknown[]): Parts => ({
  keys: [...new Set([...from, ...to].map((item) => nameOf(item) ?? ''))],
  isOrdered: true,
  pathOf: (path, key) => `${path}[${key}]`,
  at: ({ value, shown }, key) => {
    const place = (value as readonly unknown[]).findIndex((item) => nameOf(item) === key);
    return place < 0
      ? { value: undefined, shown: undefined }
      : { value: (value as readonly unknown[])[place], shown: (shown as readonly unknown[])[place] };
  },
});

const memberOf = (value: unknown, key: string): unknown =>
  isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;

const namesIn = (items: unknown): string =>
  Array.isArray(items) ? items.map((item) => nameOf(item) ?? '').join(', ') : '';

/** What both have stands in another order. */
function isReordered(from: unknown, to: unknown): boolean {
  if (!Array.isArray(from) || !Array.isArray(to)) return false;
  const [before, after] = [from, to].map((items) => items.map((item) => nameOf(item)));
  const common = (names: readonly unknown[] = [], others: readonly unknown[] = []): readonly unknown[] =>
    names.filter((name) => others.includes(name));
  return !isDeepStrictEqual(common(before, after), common(after, before));
}
