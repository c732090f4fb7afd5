/**
 * Owns the form in which paths are compared: percent-decoded, one character a byte. A normalised path holds no encoded
 * slash, so decoding moves no segment boundary, and `/%40me` cannot slip past a route for `/@me`. Never forwarded.
 */
import { normalisePath } from '../../http/request-path.js';

const ESCAPE = /%([0-9A-F]{2})/g;

/** The comparison key of a normalised path. Returns the path itself when it holds no escape. */
export function pathKey(path: string): string {
  if (!path.includes('%')) return path;
  return path.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/**
 * A path as a configuration writes it (characters beyond ASCII allowed), in the normal form that requests have.
 * Throws a RangeError when requests could never have it.
 */
export function configuredPath(path: string): string {
  const escaped = path.replace(/[^\x21-\x7e]+/gu, (text) => encodeURIComponent(text));
  const normal = normalisePath(escaped);
  if (normal === undefined) throw new RangeError(`no request can have the path ${path}`);
  return normal;
}
