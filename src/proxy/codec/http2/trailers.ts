import type { FieldBlock } from '../../../http/field-block.js';
import { withoutForbidden } from '../http1/trailers.js';
import type { FieldSectionLimits } from './field-section.js';
import { readFieldSection } from './field-section.js';

/** Owns the trailer section of an HTTP/2 request (RFC 9113 section 8.1): no pseudo-header field, nothing that frames or authorises. */

/** `pairs` is name, value, name, value ... Undefined when the section is malformed. */
export function parseHttp2Trailers(
  pairs: readonly string[],
  limits: FieldSectionLimits,
): FieldBlock | undefined {
  const section = readFieldSection(pairs, limits);
  if (section.fault !== '' || section.pseudo.size > 0) return undefined;
  return withoutForbidden(section.fields);
}
