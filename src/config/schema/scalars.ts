/** Owns the kinds of value that the schema is made of: each reads text its own way and says precisely what is wrong. */
import * as z from 'zod';
import { parseAddress, type Address } from '../parse/address.js';
import { parseCidr } from '../parse/cidr.js';
import { parseDuration } from '../parse/duration.js';
import { parseFieldName, parseFieldValue } from '../parse/field.js';
import type { Parsed } from '../parse/parsed.js';
import { parseShare } from '../parse/share.js';
import { parseSize } from '../parse/size.js';

/** Written as text. */
type Text<T> = z.ZodType<T, string>;
/** Written as text, or as what YAML took for a number. */
type Numeric<T> = z.ZodType<T, string | number>;

/** Text read by `parse`. `kind` names the type in the documentation. */
export function text<T>(kind: string, parse: (value: string) => Parsed<T>): Text<T> {
  return z
    .string()
    .transform((value, context) => settle(parse(value), context))
    .meta({ 'x-type': kind });
}

/** As `text`, for values that YAML may have read as a number. */
export function numeric<T>(kind: string, parse: (value: string) => Parsed<T>): Numeric<T> {
  return z
    .union([z.string(), z.number()], { error: `must be a ${kind}` })
    .transform((value, context) => settle(parse(String(value)), context))
    .meta({ 'x-type': kind });
}

function settle<T>(result: Parsed<T>, context: z.core.$RefinementCtx): T {
  if (result.ok) return result.value;
  context.addIssue({ code: 'custom', message: result.message });
  return z.NEVER;
}

export const duration = (): Numeric<number> => numeric('duration', parseDuration);

/** A duration that must not be zero. */
export const positiveDuration = (): Numeric<number> =>
  numeric('duration', (value) => {
    const result = parseDuration(value);
    return result.ok && result.value === 0
      ? { ok: false, message: 'must be a duration longer than 0' }
      : result;
  });

/** Of one: `10%` is 0.1. */
export const share = (): Numeric<number> => numeric('percentage', parseShare);

export const size = (min = 1, max = Number.MAX_SAFE_INTEGER): Numeric<number> =>
  numeric('size', (value) => {
    const result = parseSize(value);
    if (!result.ok) return result;
    if (result.value < min) return { ok: false, message: `must be a size of at least ${String(min)}B` };
    return result.value > max ? { ok: false, message: `must be a size of at most ${String(max)}B` } : result;
  });

/** A whole number. Digits in a string count too: interpolation always makes strings. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Numeric<number> {
  const range =
    max === Number.MAX_SAFE_INTEGER ? `of at least ${String(min)}` : `from ${String(min)} to ${String(max)}`;
  return z
    .union([z.number(), z.string()], { error: `must be a whole number ${range}` })
    .transform((value, context) => {
      const number = typeof value === 'string' && !/^\d{1,15}$/.test(value) ? Number.NaN : Number(value);
      if (Number.isSafeInteger(number) && number >= min && number <= max) return number;
      context.addIssue({ code: 'custom', message: `must be a whole number ${range}` });
      return z.NEVER;
    })
    .meta({ 'x-type': 'integer' });
}

/** `auto`, or a whole number. */
export function countOrAuto(min: number, max = Number.MAX_SAFE_INTEGER): Numeric<number | 'auto'> {
  const range =
    max === Number.MAX_SAFE_INTEGER ? `of at least ${String(min)}` : `from ${String(min)} to ${String(max)}`;
  const message = `must be auto or a whole number ${range}`;
  return z
    .union([z.string(), z.number()], { error: message })
    .transform((value, context): number | 'auto' => {
      if (value === 'auto') return value;
      const number = typeof value === 'string' && !/^\d{1,15}$/.test(value) ? Number.NaN : Number(value);
      if (Number.isSafeInteger(number) && number >= min && number <= max) return number;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .meta({ 'x-type': 'auto or integer' });
}

/** true or false. The words in a string count too: interpolation always makes strings. */
export const flag = (): z.ZodType<boolean, boolean | 'true' | 'false'> =>
  z
    .union([z.boolean(), z.enum(['true', 'false'])], { error: 'must be true or false' })
    .transform((value) => value === true || value === 'true')
    .meta({ 'x-type': 'boolean' });

export const address = (): Text<Address> => text('address', parseAddress);
export const cidr = (): Text<string> => text('CIDR', parseCidr);
export const fieldName = (): Text<string> => text('header name', parseFieldName);
export const fieldValue = (): Text<string> => text('header value', parseFieldValue);
export const filePath = (): Text<string> => z.string().min(1).meta({ 'x-type': 'file' });
export const NAME_RULE = 'must be a name of at most 63 letters, digits, dots, dashes and underscores';
export const isName = (value: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(value);
export const name = (): Text<string> =>
  text('name', (value) => (isName(value) ? { ok: true, value } : { ok: false, message: NAME_RULE }));

/** One value or a list of them; always a list afterwards. */
export function oneOrMore<T extends z.ZodType>(item: T): z.ZodType<z.output<T>[], z.input<T> | z.input<T>[]> {
  return z
    .union([item, z.array(item)], { error: 'must be a value or a list of values' })
    .transform((value): z.output<T>[] =>
      Array.isArray(value) ? (value as z.output<T>[]) : [value as z.output<T>],
    );
}
