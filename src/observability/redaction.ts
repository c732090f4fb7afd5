/** Owns what of a log line is never written: values of fields with secret names, and the extras of errors. */
import { isSecretName } from '../http/secret-fields.js';

export const REDACTED = '[redacted]';

// Deeper objects are cut off rather than walked: log fields are flat by design.
const MAX_DEPTH = 8;

/** A copy of the fields of a log line in which the value of every secret-named field, at any depth, is replaced. */
export const redactFields = (fields: Record<string, unknown>): Record<string, unknown> =>
  redactObject(fields, 0);

const redactObject = (object: object, depth: number): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(object).map(([name, value]) => [
      name,
      isSecretName(name) ? REDACTED : redactValue(value, depth + 1),
    ]),
  );

const redactValue = (value: unknown, depth: number): unknown => {
  if (typeof value !== 'object' || value === null || value instanceof Error) return value;
  if (depth > MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.map((item: unknown) => redactValue(item, depth + 1));
  return redactObject(value, depth);
};

/** What a log says about an error: no enumerable extras, for libraries hang requests and options on their errors. */
export const describeError = (error: unknown): Record<string, unknown> => {
  if (!(error instanceof Error))
    return { message: typeof error === 'string' ? error : 'a value that is no Error' };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(code === undefined ? {} : { code }),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
};
