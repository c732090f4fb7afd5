/** Owns the options of the `headers` filter. */
import * as z from 'zod';
import { parseRemovableFieldName, parseWritableFieldName } from '../../parse/field.js';
import { fieldValue, text } from '../scalars.js';

/** Fields to write, by lower-case name. Two spellings of one name are a mistake. */
const writtenFields = () =>
  z.record(z.string(), fieldValue()).transform((fields, context) => {
    const written: Record<string, string> = {};
    for (const [key, value] of Object.entries(fields)) {
      const name = parseWritableFieldName(key);
      const wrong = name.ok
        ? Object.hasOwn(written, name.value)
          ? 'is there twice'
          : undefined
        : `name ${name.message}`;
      if (wrong !== undefined) context.addIssue({ code: 'custom', path: [key], message: wrong });
      else if (name.ok) written[name.value] = value;
    }
    return written;
  });

const editsSchema = z.strictObject({
  remove: z
    .array(text('header name', parseRemovableFieldName))
    .prefault([])
    .describe('Fields to remove.')
    .meta({ 'x-examples': [['server']] }),
  set: writtenFields()
    .prefault({})
    .describe('Fields to set, in place of any that are there.')
    .meta({ 'x-examples': [{ 'x-frame-options': 'DENY' }] }),
  append: writtenFields()
    .prefault({})
    .describe('Fields to add to those that are there.')
    .meta({ 'x-examples': [{ vary: 'origin' }] }),
});

export const headersSchema = z.strictObject({
  request: editsSchema
    .prefault({})
    .describe('Edits of the request that goes upstream: remove, then set, then append.'),
  response: editsSchema
    .prefault({})
    .describe('Edits of the response that goes to the client: remove, then set, then append.'),
});
