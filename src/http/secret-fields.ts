/**
 * Owns the decision which names say that a value is a secret: of header fields, parameters and log fields. Whoever shows or writes
 * down a value asks here, so that nothing hidden in one place is told in another.
 */

/** What stands anywhere in a name; `author` and `authority` do not count as `auth`. */
const SECRET_WORD =
  /auth(?!or(?!iz))|cookie|token|secret|passw|passphrase|passcode|credential|session|jwt|bearer|saml|signature|ticket[-_]?keys/i;

/** `x-api-key`, `apikey`, `privateKey`, `key_pem`, and any other name whose last word is `key`, `sig`, `sid` or `pwd`. */
const SECRET_KEY = /(?:api|access|private)[-_]?key|key[-_]?pem|(?:^|[-_.])(?:key|sig|sid|pwd)$/i;

/** They sound like it, and are none: what names a thing, or where it belongs. */
const HARMLESS = /(?:idempotency|websocket|cache|surrogate|partition|routing|shard|hash)-key$/i;

export const isSecretName = (name: string): boolean =>
  SECRET_WORD.test(name) || (SECRET_KEY.test(name) && !HARMLESS.test(name));
