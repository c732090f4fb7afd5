/** Owns how a value of a snapshot is shown to people: durations and sizes with their units, certificates by their fingerprint. */
import { createHash } from 'node:crypto';
import { isRecord } from '../config-path.js';

const LONGEST = 160;
const PEM_MARK = '-----BEGIN ';

/** `timeouts.requestMs` is `timeouts.request` to people. */
export const withoutUnit = (path: string): string => path.replace(/(?<=[a-z])(?:Ms|Bytes)$/, '');

/** One line. `key` is the name of the value in the snapshot, whose ending says its unit. */
export function showValue(key: string, value: unknown): string {
  if (typeof value === 'number') return showNumber(key, value);
  if (typeof value === 'string') return value.includes(PEM_MARK) ? fingerprint(value) : showText(value);
  return value === undefined ? 'none' : cut(JSON.stringify(forPeople(value)));
}

const showText = (value: string): string => (value === '' ? '""' : cut(value));

function showNumber(key: string, value: number): string {
  if (key.endsWith('Ms')) return showDuration(value);
  return key.endsWith('Bytes') ? showSize(value) : String(value);
}

/** Units and fingerprints inside of what is shown whole. */
function forPeople(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => (typeof item === 'number' ? item : forPeople(item)));
  if (typeof value === 'string') return value.includes(PEM_MARK) ? fingerprint(value) : value;
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      if (item === undefined || (Array.isArray(item) && item.length === 0)) return [];
      return [[withoutUnit(key), typeof item === 'number' ? numberForPeople(key, item) : forPeople(item)]];
    }),
  );
}

const numberForPeople = (key: string, value: number): string | number =>
  /(?:Ms|Bytes)$/.test(key) ? showNumber(key, value) : value;

const DURATIONS = [
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
] as const;
const SIZES = [
  [1024 ** 3, 'GiB'],
  [1024 ** 2, 'MiB'],
  [1024, 'KiB'],
] as const;

const showDuration = (valueMs: number): string => inUnits(valueMs, DURATIONS) ?? `${String(valueMs)}ms`;

const showSize = (bytes: number): string => inUnits(bytes, SIZES) ?? `${String(bytes)}B`;

/** In the largest unit that leaves no fraction. */
function inUnits(value: number, units: readonly (readonly [number, string])[]): string | undefined {
  const unit = units.find(([size]) => value >= size && value % size === 0);
  return unit === undefined ? undefined : `${String(value / unit[0])}${unit[1]}`;
}

const fingerprint = (pem: string): string =>
  `PEM sha256:${createHash('sha256').update(pem).digest('hex').slice(0, 12)}`;

const cut = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`);
