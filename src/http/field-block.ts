import type { Fields } from '../contracts/fields.js';
import { FIELD_VALUE, TOKEN, consistsOf } from './characters.js';
import { OTHER, REMOVED } from './known-fields.js';

/**
 * Owns the fields of one message as one text plus the places of names and values in it, so that a head is copied once and
 * runs of untouched fields are passed on as slices. It never re-reads a message: what it emits is what was parsed.
 */

/** Numbers a field takes in `spans`: kind, name start, name end, value start, value end. */
const STRIDE = 5;

/** Added to the kind of a field that does not stand as `name: value CRLF` with one space: it must be emitted anew. */
export const IRREGULAR = 64;

export class FieldBlock implements Fields {
  private readonly text: string;
  private readonly spans: number[];
  private added: string[] | undefined;

  constructor(text = '', spans: number[] = []) {
    this.text = text;
    this.spans = spans;
  }

  /** An independent copy: changing it leaves this one as it is. */
  clone(): FieldBlock {
    const copy = new FieldBlock(this.text, this.spans.slice());
    if (this.added !== undefined) copy.added = this.added.slice();
    return copy;
  }

  get(name: string): string | undefined {
    const at = this.find(name, 0);
    if (at >= 0) return this.valueAt(at);
    return this.added === undefined ? undefined : firstOf(this.added, name);
  }

  getAll(name: string): readonly string[] {
    const values: string[] = [];
    for (let at = this.find(name, 0); at >= 0; at = this.find(name, at + STRIDE))
      values.push(this.valueAt(at));
    const added = this.added ?? [];
    for (let index = 0; index < added.length; index += 2) {
      if (added[index] === name) values.push(added[index + 1] ?? '');
    }
    return values;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  set(name: string, value: string): void {
    this.remove(name);
    this.append(name, value);
  }

  append(name: string, value: string): void {
    if (!consistsOf(name, TOKEN)) throw new TypeError('field name is not a token');
    if (value !== '' && !consistsOf(value, FIELD_VALUE))
      throw new TypeError(`value of field ${name} is not allowed`);
    (this.added ??= []).push(name, value);
  }

  remove(name: string): void {
    for (let at = this.find(name, 0); at >= 0; at = this.find(name, at + STRIDE)) this.spans[at] = REMOVED;
    if (this.added !== undefined) this.added = without(this.added, name);
  }

  /** Removes every field that Torus itself acts on: in a trailer section none of them may mean anything. */
  removeKnown(): void {
    for (let at = 0; at < this.spans.length; at += STRIDE) {
      if (((this.spans[at] ?? OTHER) & ~IRREGULAR) !== OTHER) this.spans[at] = REMOVED;
    }
  }

  *entries(): Iterable<readonly [name: string, value: string]> {
    for (let at = 0; at < this.spans.length; at += STRIDE) {
      if (this.spans[at] !== REMOVED) yield [this.nameAt(at), this.valueAt(at)];
    }
    const added = this.added ?? [];
    for (let index = 0; index < added.length; index += 2) yield [added[index] ?? '', added[index + 1] ?? ''];
  }

  /** The first value of a known field (`known-fields.ts`), without comparing names. */
  valueOfKind(kind: number): string | undefined {
    for (let at = 0; at < this.spans.length; at += STRIDE) {
      if (((this.spans[at] ?? 0) & ~IRREGULAR) === kind) return this.valueAt(at);
    }
    return undefined;
  }

  /** Every value of a known field. */
  valuesOfKind(kind: number): readonly string[] {
    const values: string[] = [];
    for (let at = 0; at < this.spans.length; at += STRIDE) {
      if (((this.spans[at] ?? 0) & ~IRREGULAR) === kind) values.push(this.valueAt(at));
    }
    return values;
  }

  /**
   * The field lines, each ended by CRLF, without those whose kind is marked in `dropped` (indexed by kind). Neighbouring
   * fields that stay are one slice of the text as it came.
   */
  serialise(dropped: Uint8Array): string {
    const { spans, text } = this;
    let output = '';
    let runStart = -1;
    let runEnd = -1;
    for (let at = 0; at < spans.length; at += STRIDE) {
      const marked = spans[at] ?? OTHER;
      if (dropped[marked] === 0) {
        if (runStart < 0) runStart = spans[at + 1] ?? 0;
        runEnd = (spans[at + 4] ?? 0) + 2;
        continue;
      }
      if (runStart >= 0) output += text.slice(runStart, runEnd);
      runStart = -1;
      if (marked >= IRREGULAR && dropped[marked - IRREGULAR] === 0) output += this.lineAt(at);
    }
    if (runStart >= 0) output += text.slice(runStart, runEnd);
    return this.added === undefined ? output : output + linesOf(this.added);
  }

  private lineAt(at: number): string {
    return `${this.text.slice(this.spans[at + 1], this.spans[at + 2])}: ${this.valueAt(at)}\r\n`;
  }

  private valueAt(at: number): string {
    return this.text.slice(this.spans[at + 3], this.spans[at + 4]);
  }

  private nameAt(at: number): string {
    return this.text.slice(this.spans[at + 1], this.spans[at + 2]).toLowerCase();
  }

  private find(name: string, from: number): number {
    const { spans, text } = this;
    for (let at = from; at < spans.length; at += STRIDE) {
      const start = spans[at + 1] ?? 0;
      if ((spans[at + 2] ?? 0) - start !== name.length || spans[at] === REMOVED) continue;
      if (matches(text, start, name)) return at;
    }
    return -1;
  }
}

/** A drop table: index by kind, 1 drops. Removed and irregular fields always leave the run. */
export function dropTable(...kinds: readonly number[]): Uint8Array {
  const table = new Uint8Array(128);
  table[REMOVED] = 1;
  table.fill(1, IRREGULAR);
  for (const kind of kinds) table[kind] = 1;
  return table;
}

/** A copy to change, whoever made the fields. */
export function copyOf(fields: Fields): FieldBlock {
  return fields instanceof FieldBlock ? fields.clone() : fieldsOf(fields.entries());
}

/** A block made from pairs (HTTP/2, local replies). Names must be lower case. */
export function fieldsOf(pairs: Iterable<readonly [name: string, value: string]>): FieldBlock {
  const block = new FieldBlock();
  for (const [name, value] of pairs) block.append(name, value);
  return block;
}

function matches(text: string, start: number, name: string): boolean {
  for (let index = 0; index < name.length; index += 1) {
    const code = text.charCodeAt(start + index);
    const lower = code >= 65 && code <= 90 ? code | 0x20 : code;
    if (lower !== name.charCodeAt(index)) return false;
  }
  return true;
}

function firstOf(pairs: readonly string[], name: string): string | undefined {
  for (let index = 0; index < pairs.length; index += 2) if (pairs[index] === name) return pairs[index + 1];
  return undefined;
}

function without(pairs: readonly string[], name: string): string[] | undefined {
  const kept: string[] = [];
  for (let index = 0; index < pairs.length; index += 2) {
    if (pairs[index] !== name) kept.push(pairs[index] ?? '', pairs[index + 1] ?? '');
  }
  return kept.length > 0 ? kept : undefined;
}

function linesOf(pairs: readonly string[]): string {
  let output = '';
  for (let index = 0; index < pairs.length; index += 2)
    output += `${pairs[index] ?? ''}: ${pairs[index + 1] ?? ''}\r\n`;
  return output;
}
