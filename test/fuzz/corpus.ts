/** The cases that once found something, and the disagreements that are understood. Both are data. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FuzzCase } from './read-requests.js';

export interface CorpusCase extends FuzzCase {
  readonly title: string;
  /** The method a response answers. */
  readonly method?: string;
}

export interface KnownDifference {
  readonly reader: string;
  /** Matches the bytes (latin1) about which the readers differ, case-insensitively. */
  readonly bytes: string;
  /** Matches the sentence that `disagreement` says of them. */
  readonly sentence: string;
  readonly reason: string;
}

const load = (name: string): unknown =>
  JSON.parse(readFileSync(path.join(__dirname, 'corpus', `${name}.json`), 'utf8'));

export const requestCorpus = (): readonly CorpusCase[] => load('requests') as CorpusCase[];
export const responseCorpus = (): readonly CorpusCase[] => load('responses') as CorpusCase[];

const known = (load('known-differences') as KnownDifference[]).map((difference) => ({
  ...difference,
  bytes: new RegExp(difference.bytes, 'i'),
  sentence: new RegExp(difference.sentence),
}));

/** The difference, unless it has been judged and found harmless. */
export function unlessKnown(reader: string, text: string, sentence: string | undefined): string | undefined {
  if (sentence === undefined) return undefined;
  const explains = (difference: (typeof known)[number]): boolean =>
    difference.reader === reader && difference.bytes.test(text) && difference.sentence.test(sentence);
  return known.some(explains) ? undefined : sentence;
}
