/** Owns the way of claims into upstream fields: what a client sent under those names is gone before anything is written. */
import type { Fields } from '../../../contracts/fields.js';
import type { Claims } from './token-verifier.js';

export type PreparedFields = readonly (readonly [name: string, value: string])[];

/** Above this many dashes, spellings are looked for by reading the fields instead of listing them. */
const MAX_LISTED_DASHES = 4;
/** Visible ASCII and inner spaces stand for themselves, except `%` (escapes) and `,` (between the members of a list). */
const PLAIN =
  /^[\x21-\x24\x26-\x2b\x2d-\x7e](?:[\x20-\x24\x26-\x2b\x2d-\x7e]*[\x21-\x24\x26-\x2b\x2d-\x7e])?$/;
const TO_ESCAPE = /[^\x20-\x24\x26-\x2b\x2d-\x7e]+|^ +| +$/gu;

/**
 * Compiles the removal of client copies. Dashes and underscores are one to CGI, WSGI and others, so every mix of them goes.
 * Letter case is none of its business: `Fields` ignores it.
 */
export function compileStrip(names: readonly string[]): (fields: Fields) => void {
  const listed = names.filter((name) => dashesIn(name) <= MAX_LISTED_DASHES).flatMap(spellings);
  const searched = new Set(names.filter((name) => dashesIn(name) > MAX_LISTED_DASHES));
  return (fields) => {
    for (const spelling of listed) fields.remove(spelling);
    if (searched.size === 0) return;
    for (const [name] of [...fields.entries()])
      if (searched.has(name.replaceAll('_', '-'))) fields.remove(name);
  };
}

/** The fields for these claims, ready to be set. Claims that are absent or null make none. */
export function prepareFields(
  claims: Claims,
  fieldOfClaim: readonly (readonly [string, string])[],
): PreparedFields {
  return fieldOfClaim.flatMap(([claim, name]) => {
    const value = Object.hasOwn(claims, claim) ? fieldValueOf(claims[claim]) : undefined;
    return value === undefined ? [] : [[name, value] as const];
  });
}

/**
 * Scalars as text, lists joined by `,`, everything deeper as base64url of its JSON. Text that could be misread is
 * percent-encoded as UTF-8: all but visible ASCII, `%` itself, and `,`, so that no text passes for a list.
 */
export function fieldValueOf(claim: unknown): string | undefined {
  if (claim === undefined || claim === null) return undefined;
  const members = Array.isArray(claim) ? (claim as readonly unknown[]) : [claim];
  if (!members.every(isScalar)) return Buffer.from(JSON.stringify(claim)).toString('base64url');
  return members.map((member) => escapeText(String(member))).join(',');
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function escapeText(text: string): string {
  return PLAIN.test(text) ? text : text.replace(TO_ESCAPE, escapeBytes);
}

function escapeBytes(text: string): string {
  return Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(
    '',
  );
}

function spellings(name: string): readonly string[] {
  const [first = '', ...rest] = name.replaceAll('_', '-').split('-');
  return rest.reduce<readonly string[]>(
    (all, part) => all.flatMap((start) => [`${start}-${part}`, `${start}_${part}`]),
    [first],
  );
}

function dashesIn(name: string): number {
  return name.split(/[-_]/).length - 1;
}
