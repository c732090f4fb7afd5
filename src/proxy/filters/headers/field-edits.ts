/** Owns the compiled form of field edits, and which fields may never be edited. */
import type { FieldEdits } from '../../../contracts/config.js';
import type { Fields } from '../../../contracts/fields.js';
import { consistsOf, FIELD_VALUE, TOKEN } from '../../../http/characters.js';

/** They say where a message ends, or belong to one connection: the codec alone writes them. */
const CODEC_FIELDS: ReadonlySet<string> = new Set([
  'connection', 'content-length', 'host', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade',
]); // prettier-ignore

/** Removes, sets, appends, in this order; undefined when there is nothing to do. Throws a RangeError on a field that may not be edited. */
export function compileEdits(edits: FieldEdits): ((fields: Fields) => void) | undefined {
  const set = Object.entries(edits.set);
  const append = Object.entries(edits.append);
  for (const name of edits.remove) checkName(name);
  for (const [name, value] of [...set, ...append]) checkField(name, value);
  if (edits.remove.length + set.length + append.length === 0) return undefined;
  return (fields) => {
    for (const name of edits.remove) fields.remove(name);
    for (const [name, value] of set) fields.set(name, value);
    for (const [name, value] of append) fields.append(name, value);
  };
}

function checkName(name: string): void {
  if (!consistsOf(name, TOKEN) || name !== name.toLowerCase())
    throw new RangeError(`not a lower-case field name: ${name}`);
  if (CODEC_FIELDS.has(name)) throw new RangeError(`the field ${name} is written by the codec alone`);
}

function checkField(name: string, value: string): void {
  checkName(name);
  if (value !== '' && !consistsOf(value, FIELD_VALUE))
    throw new RangeError(`the value of ${name} holds a byte that no field may`);
}
