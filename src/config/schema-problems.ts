/** Owns the translation of what the schema refuses into located problems in plain words. */
import type * as z from 'zod';
import { formatPath, valueAt, type ConfigPath } from './config-path.js';
import type { ConfigReport } from './config-report.js';
import { keysAt } from './json-schema.js';
import { nearestKey } from './nearest-key.js';

type Issue = z.core.$ZodIssue;

const EXPECTED: Readonly<Record<string, string>> = {
  object: 'must be an object',
  record: 'must be an object',
  array: 'must be a list',
  string: 'must be a string',
  number: 'must be a number',
  boolean: 'must be true or false',
};

/** What an absent value is refused with. */
const MISSING_CODES = new Set<string | undefined>(['invalid_type', 'invalid_union', 'invalid_value']);

/** Adds one problem an issue. Nothing of the value itself is repeated. */
export function reportIssues(issues: readonly Issue[], raw: unknown, report: ConfigReport): void {
  for (const issue of issues) {
    if (!followsFrom(issue, issues)) reportIssue(issue, issue.path.map(partOf), { raw, report });
  }
}

/** A rule about a whole object says nothing new when one of its keys is misspelt. */
function followsFrom(issue: Issue, all: readonly Issue[]): boolean {
  if (issue.code !== 'custom') return false;
  const place = formatPath(issue.path.map(partOf));
  return all.some(
    (other) => other.code === 'unrecognized_keys' && formatPath(other.path.map(partOf)) === place,
  );
}

interface Target {
  readonly raw: unknown;
  readonly report: ConfigReport;
}

const partOf = (part: PropertyKey): string | number => (typeof part === 'symbol' ? String(part) : part);

function reportIssue(issue: Issue, path: ConfigPath, target: Target): void {
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) target.report.error([...path, key], unknownKeyMessage(key, path));
    return;
  }
  if (issue.code === 'invalid_union') {
    const branch = likeliestBranch(issue.errors);
    if (branch !== undefined) {
      for (const inner of branch) reportIssue(inner, [...path, ...inner.path.map(partOf)], target);
      return;
    }
  }
  if (target.report.hasErrorAt(path)) return;
  const message = messageOf(issue, valueAt(target.raw, path));
  target.report.error(path, message === EXPECTED['object'] ? `${message}${keysHint(path)}` : message);
}

/** A bare value where several keys are possible: which ones. */
function keysHint(path: ConfigPath): string {
  const valid = keysAt(path);
  return valid.length === 0 ? '' : ` (valid keys: ${valid.join(', ')})`;
}

function unknownKeyMessage(key: string, parent: ConfigPath): string {
  const valid = keysAt(parent);
  const nearest = nearestKey(key, valid);
  if (nearest !== undefined) return `unknown key (did you mean "${nearest}"?)`;
  return valid.length === 0 ? 'unknown key' : `unknown key (valid here: ${valid.join(', ')})`;
}

/** The alternative whose kind of value was given: its own complaints say more than "none of these". */
function likeliestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return branches.find((branch) => branch.length > 0 && !branch.some(isWrongKind));
}

function isWrongKind(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return likeliestBranch(issue.errors) === undefined;
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function messageOf(issue: Issue, value: unknown): string {
  if (value === undefined && MISSING_CODES.has(issue.code)) return 'is required';
  if (!/^(Invalid|Too|Unrecognized)/.test(issue.message)) return issue.message;
  if (issue.code === 'invalid_type') return EXPECTED[issue.expected] ?? `must be of type ${issue.expected}`;
  if (issue.code === 'invalid_value')
    return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
  return boundMessageOf(issue);
}

function boundMessageOf(issue: Issue): string {
  if (issue.code === 'too_small')
    return issue.origin === 'array' ? 'must have at least one entry' : 'must not be empty';
  if (issue.code === 'too_big') return `must not be longer than ${String(issue.maximum)}`;
  return 'has no valid value';
}
