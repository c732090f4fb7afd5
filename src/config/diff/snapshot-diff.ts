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
  /** Of what came or went and has parts: those, whole; settings that nobody wrote are left out. Of the first 500 changes only. */
  readonly members?: readonly ConfigMember[];
}

/** One value of a snapshot, and the same as it may be shown. */
interface Seen {
  readonly value: unknown;
  readonly shown: unknown;
}

/** In the order of the keys; empty when a reload would change nothing that holds. */
export function diffSnapshots(former: ConfigSnapshot, next: ConfigSnapshot): readonly ConfigChange[] {
  const found = [...compare('', seenOf(former), seenOf(next))];
  return found.map(({ change, whole }, at) => {
    if (whole === undefined || at >= MAX_PARTED) return change;
    const { written } = change.kind === 'added' ? next : former;
    return { ...change, members: membersOf(whole).filter(({ path }) => isTold(written, change.path, path)) };
  });
}

/** Nobody reads more of them, and the primary does nothing else meanwhile. */
const MAX_PARTED = 500;

interface Found {
  readonly change: ConfigChange;
  /** What came or went and has parts, as it may be shown. */
  readonly whole?: object;
}

const seenOf = (snapshot: ConfigSnapshot): Seen => ({
  value: servedOf(snapshot),
  shown: servedOf(redactSnapshot(snapshot)),
});

/** The number of a snapshot, and the notes on who wrote what of it, change nothing. */
const servedOf = (snapshot: ConfigSnapshot): object =>
  Object.fromEntries(Object.entries(snapshot).filter(([key]) => key !== 'version' && key !== 'written'));

function* compare(path: string, from: Seen, to: Seen): Generator<Found> {
  if (isDeepStrictEqual(from.value, to.value)) return;
  const parts = partsOf(from.value, to.value);
  if (parts === undefined) yield leaf(path, from, to);
  else
    for (const part of parts.keys)
      yield* compare(parts.pathOf(path, part), parts.at(from, part), parts.at(to, part));
  if (parts?.isOrdered === true && isReordered(from.value, to.value))
    yield { change: { kind: 'changed', path, from: namesIn(from.value), to: namesIn(to.value) } };
}

function leaf(path: string, from: Seen, to: Seen): Found {
  const key = /([^.[\]]*)\]?$/.exec(path)?.[1] ?? '';
  const shownPath = withoutUnit(path);
  if (from.value === undefined)
    return { change: { kind: 'added', path: shownPath, to: showValue(key, to.shown) }, ...wholeOf(to) };
  if (to.value === undefined)
    return {
      change: { kind: 'removed', path: shownPath, from: showValue(key, from.shown) },
      ...wholeOf(from),
    };
  const values = { from: showValue(key, from.shown), to: showValue(key, to.shown) };
  return { change: { kind: 'changed', path: shownPath, ...values } };
}

const wholeOf = ({ shown }: Seen): Pick<Found, 'whole'> => (isRecord(shown) ? { whole: shown } : {});

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

const listParts = (from: readonly unknown[], to: readonly unknown[]): Parts => {
  const places = new Map<unknown, ReadonlyMap<string, number>>([
    [from, placesIn(from)],
    [to, placesIn(to)],
  ]);
  return {
    keys: [...new Set([...from, ...to].map((item) => nameOf(item) ?? ''))],
    isOrdered: true,
    pathOf: (path, key) => `${path}[${key}]`,
    at: ({ value, shown }, key) => {
      const place = places.get(value)?.get(key);
      return place === undefined
        ? { value: undefined, shown: undefined }
        : { value: (value as readonly unknown[])[place], shown: (shown as readonly unknown[])[place] };
    },
  };
};

/** Of each name in a list. Made once for each: there may be many thousand routes, and the primary does nothing else meanwhile. */
const placesIn = (items: readonly unknown[]): ReadonlyMap<string, number> =>
  new Map(items.map((item, place) => [nameOf(item) ?? '', place]));

const memberOf = (value: unknown, key: string): unknown =>
  isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;

const namesIn = (items: unknown): string =>
  Array.isArray(items) ? items.map((item) => nameOf(item) ?? '').join(', ') : '';

/** What both have stands in another order. */
function isReordered(from: unknown, to: unknown): boolean {
  if (!Array.isArray(from) || !Array.isArray(to)) return false;
  const [before, after] = [from, to].map((items) => items.map((item) => nameOf(item)));
  const common = (names: readonly unknown[] = [], others: readonly unknown[] = []): readonly unknown[] => {
    const known = new Set(others);
    return names.filter((name) => known.has(name));
  };
  return !isDeepStrictEqual(common(before, after), common(after, before));
}
