/** Owns the fields of W3C Trace Context (levels 1 and 2): what of a client's `traceparent` and `tracestate` can be gone on with. */

export interface TraceParent {
  readonly traceId: string;
  readonly parentId: string;
  readonly sampled: boolean;
  /** Level 2, section 3.2.2.5.2: the trace id is random, as whoever made it says. */
  readonly random: boolean;
}

/** version "-" trace-id "-" parent-id "-" trace-flags; versions to come may go on after another dash (section 3.2.4). */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_PARENT = '0'.repeat(16);
const SAMPLED = 1;
const RANDOM = 2;

/** The one `traceparent` of a request; undefined when there is none, or none that is valid, or more than one. */
export function parseTraceParent(values: readonly string[]): TraceParent | undefined {
  const match = values.length === 1 ? TRACEPARENT.exec(values[0] ?? '') : null;
  if (match === null) return undefined;
  const [, version, traceId = '', parentId = '', flags = '', more] = match;
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (traceId === NO_TRACE || parentId === NO_PARENT) return undefined;
  const bits = Number.parseInt(flags, 16);
  return { traceId, parentId, sampled: (bits & SAMPLED) !== 0, random: (bits & RANDOM) !== 0 };
}

/** Flags that mean nothing to version 00 are sent as 0 (section 3.2.2.5). */
export function flagsOf(sampled: boolean, random: boolean): string {
  return random ? (sampled ? '03' : '02') : sampled ? '01' : '00';
}

/** Section 3.3.1.3: at most this many members, each key once. */
const MAX_MEMBERS = 32;
const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** True when the list may go on with its trace; otherwise all of it is dropped, and the trace goes on without (section 3.3.1). */
export function isTraceState(values: readonly string[]): boolean {
  const keys = new Set<string>();
  for (const member of values.join(',').split(',')) {
    const trimmed = member.replace(/^[ \t]+|[ \t]+$/g, '');
    if (trimmed === '') continue;
    const equals = trimmed.indexOf('=');
    const key = trimmed.slice(0, equals);
    if (equals < 1 || !KEY.test(key) || !VALUE.test(trimmed.slice(equals + 1)) || keys.has(key)) return false;
    keys.add(key);
  }
  return keys.size > 0 && keys.size <= MAX_MEMBERS;
}
