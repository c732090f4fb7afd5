/** Owns the list of field names whose values never reach a log. */

const SECRET_NAMES: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'proxyauthorization',
  'cookie',
  'set-cookie',
  'setcookie',
  'cookies',
  'secret',
  'jwtsecret',
  'jwt_secret',
  'token',
  'access_token',
  'accesstoken',
  'refresh_token',
  'id_token',
  'password',
  'passphrase',
  'credentials',
  'api-key',
  'apikey',
  'api_key',
  'x-api-key',
  'keypem',
  'key_pem',
  'privatekey',
  'private_key',
  'ticketkeys',
]);

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
      SECRET_NAMES.has(name.toLowerCase()) ? REDACTED : redactValue(value, depth + 1),
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
