/** Owns the one spelling of a method and target in which readers are compared. */
import { normalisePath } from '../../src/http/request-path.js';

/**
 * Torus normalises paths and takes the authority out of an absolute target; what is compared is what both mean. `*` and an
 * absolute target without a path are the same for OPTIONS (RFC 9112 section 3.2.4), and some readers call both `/`.
 */
export function comparableLine(method: string, target: string): string {
  const local = target.replace(/^https?:\/\/[^/?]+/i, '').replace(/^(?!\/|\*$)/, '/');
  if (method === 'OPTIONS' && local === '*') return 'OPTIONS /';
  const mark = local.indexOf('?');
  const path = normalisePath(mark < 0 ? local : local.slice(0, mark)) ?? local;
  return `${method} ${mark < 0 ? path : path + local.slice(mark)}`;
}
