/** Owns the walk through the filters of a route that nobody is to notice: what each would say, and what it would change. */
import type { ExplainedFilter, ExplainOptions, FilterExplanation } from '../../contracts/explanation.js';
import type { Exchange } from '../../contracts/exchange.js';
import type { Fields } from '../../contracts/fields.js';
import type { Filter } from '../../contracts/filter.js';

export interface FilterWalk {
  readonly filters: readonly ExplainedFilter[];
  /** The one that answers. */
  readonly answer: ExplainedFilter | undefined;
  /** What could not be known. */
  readonly conditions: readonly string[];
  /** Names of fields and parameters whose values are not told. */
  readonly concealed: ReadonlySet<string>;
}

/** Changes `fields` as the filters would. */
export function walkFilters(
  filters: readonly Filter[],
  { exchange, fields }: { readonly exchange: Exchange; readonly fields: Fields },
  options: ExplainOptions,
): FilterWalk {
  const told: ExplainedFilter[] = [];
  const concealed = new Set<string>();
  let answer: ExplainedFilter | undefined;
  for (const filter of filters) {
    if (answer !== undefined) {
      told.push({ name: filter.name, verdict: 'not-reached', why: `${answer.name} answers before it` });
      continue;
    }
    const before = snapshotOf(fields);
    const words = ask(filter, { exchange, fields }, options);
    for (const name of words.concealed ?? []) concealed.add(name);
    const one = account(filter, words, changesOf(before, fields));
    told.push(one);
    if (one.verdict === 'answers') answer = one;
  }
  const conditions = told
    .filter(({ verdict }) => verdict === 'depends' || verdict === 'unknown')
    .map(({ name, why }) => `${name}: ${why}`);
  return { filters: told, answer, conditions, concealed };
}

type Said = Omit<FilterExplanation, 'verdict'> & { readonly verdict: ExplainedFilter['verdict'] };

function ask(
  filter: Filter,
  { exchange, fields }: { readonly exchange: Exchange; readonly fields: Fields },
  options: ExplainOptions,
): Said {
  if (filter.explain !== undefined) return said(filter.explain.bind(filter), { exchange, fields }, options);
  if (filter.onRequest === undefined && filter.onRequestBody === undefined)
    return { verdict: 'continues', why: 'it looks at responses only' };
  return { verdict: 'unknown', why: 'it does not say what it would do' };
}

/** A filter that fails answers 500, here as there. */
function said(
  explain: NonNullable<Filter['explain']>,
  { exchange, fields }: { readonly exchange: Exchange; readonly fields: Fields },
  options: ExplainOptions,
): Said {
  try {
    return explain(exchange, fields, options);
  } catch (error) {
    const why = `it fails (${error instanceof Error ? error.name : 'unknown'})`;
    return { verdict: 'answers', why, status: 500, cause: 'internal.filter.failed' };
  }
}

interface FieldChanges {
  readonly sets: readonly string[];
  readonly removes: readonly string[];
}

type FieldTable = ReadonlyMap<string, string>;

function snapshotOf(fields: Fields): FieldTable {
  const table = new Map<string, string>();
  for (const [name, value] of fields.entries()) table.set(name, `${table.get(name) ?? ''}\n${value}`);
  return table;
}

function changesOf(before: FieldTable, fields: Fields): FieldChanges {
  const after = snapshotOf(fields);
  return {
    sets: [...after].filter(([name, value]) => before.get(name) !== value).map(([name]) => name),
    removes: [...before.keys()].filter((name) => !after.has(name)),
  };
}

function account({ name }: Filter, words: Said, { sets, removes }: FieldChanges): ExplainedFilter {
  const { verdict, why, status, cause, details } = words;
  return {
    ...{ name, verdict, why },
    ...(status === undefined ? {} : { status }),
    ...(cause === undefined ? {} : { cause }),
    ...(details === undefined ? {} : { details }),
    ...(sets.length === 0 ? {} : { sets }),
    ...(removes.length === 0 ? {} : { removes }),
  };
}
