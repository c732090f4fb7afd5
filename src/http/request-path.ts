/**
 * Owns the one reading of a request path (RFC 3986 sections 5.2.4, 6.2.2): what it returns is routed, judged and forwarded,
 * so that no two parts of the chain can read the same request differently. What may be read in two ways is refused.
 */

const PLAIN = 0;
const SLASH = 1;
const DOT = 2;
/** Needs a closer look: an escape, or a character that is never allowed. */
const SPECIAL = 3;

/** `[`, `{`, `|` and their like are not in the grammar, but clients send them and nobody reads them differently. */
const CLASSES = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code <= 0x20 || code >= 0x7f || '%\\?#'.includes(String.fromCharCode(code))) return SPECIAL;
  if (code === 0x2f) return SLASH;
  return code === 0x2e ? DOT : PLAIN;
});

const UNRESERVED = /^[A-Za-z0-9._~-]$/;
const ESCAPE = /%[0-9A-Fa-f]{2}/g;
const FORBIDDEN_RAW = /[^\x21-\x7e]|[\\?#]|%(?![0-9A-Fa-f]{2})/;
/** Slash, backslash and control bytes: servers differ on whether they end, split or cut the path. */
const FORBIDDEN_ESCAPE = /%(?:2[Ff]|5[Cc]|[01][0-9A-Fa-f]|7[Ff])/;
/** Overlong UTF-8: a lenient decoder reads another character (often `/` or `.`) out of it. */
const OVERLONG_ESCAPE = /%(?:[Cc][01]%[89ABab]|[Ee]0%[89]|[Ff]0%8)[0-9A-Fa-f]/;
/** Servers that cut path parameters before they resolve dots read `..;x` as `..`. */
const DOTS_WITH_PARAMETERS = /^\.{1,2}(?:;|%3B)/;

/**
 * The normal form of the path of an origin-form target (no query), or undefined when it is ambiguous and has to be
 * answered with 400. Costs one scan and no allocation when the path is in normal form already. Idempotent.
 */
export function normalisePath(rawPath: string): string | undefined {
  if (rawPath.charCodeAt(0) !== 0x2f) return undefined;
  return isPlain(rawPath) ? rawPath : normaliseSlowly(rawPath);
}

/** True when nothing in the path needs a closer look: no escape, no empty segment, no segment that begins with a dot. */
function isPlain(path: string): boolean {
  let previous = PLAIN;
  for (let index = 0; index < path.length; index += 1) {
    const current = CLASSES[path.charCodeAt(index)] ?? SPECIAL;
    if (current !== PLAIN && (current === SPECIAL || previous === SLASH)) return false;
    previous = current;
  }
  return true;
}

function normaliseSlowly(path: string): string | undefined {
  if (hasForbidden(path)) return undefined;
  const kept: string[] = [];
  const segments = path.slice(1).split('/');
  for (const raw of segments) {
    const segment = raw.replace(ESCAPE, canonicalEscape);
    if ((isDots(segment) && segment !== raw) || DOTS_WITH_PARAMETERS.test(segment)) return undefined;
    if (segment === '..' && kept.pop() === undefined) return undefined;
    if (!vanishes(segment)) kept.push(segment);
  }
  const endsAsFolder = kept.length > 0 && vanishes(segments.at(-1) ?? '');
  return `/${kept.join('/')}${endsAsFolder ? '/' : ''}`;
}

function hasForbidden(path: string): boolean {
  return FORBIDDEN_RAW.test(path) || FORBIDDEN_ESCAPE.test(path) || OVERLONG_ESCAPE.test(path);
}

/** RFC 3986 section 6.2.2: an escaped unreserved character stands for itself; hex digits are upper case. */
function canonicalEscape(escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return UNRESERVED.test(character) ? character : escape.toUpperCase();
}

const isDots = (segment: string): boolean => segment === '.' || segment === '..';

const vanishes = (segment: string): boolean => segment === '' || isDots(segment);
