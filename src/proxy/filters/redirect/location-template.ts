/** Owns the making of a Location from the request. What comes out is always a URI in visible ASCII (RFC 9110 section 10.2.2). */
import type { RequestHead } from '../../../contracts/message.js';

type Part = (head: RequestHead) => string;

const PARTS: Readonly<Record<string, Part>> = {
  scheme: (head) => head.scheme,
  host: (head) => head.host,
  // `OPTIONS *` has no path of its own.
  path: (head) => (head.path === '*' ? '/' : head.path),
  query: (head) => head.query,
};
const PLACEHOLDER = /\$\{([^}]*)\}/;
/** What RFC 3986 leaves no place for: control bytes, space, quotes, brackets of other grammars, everything beyond ASCII. */
const NOT_URI = /[^\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+/gu;

/**
 * Compiles `https://${host}${path}${query}`. The result is undefined when the request has no host and the template asks for
 * it. Throws a RangeError on a placeholder there is not, and on a template with control bytes.
 */
export function compileLocation(template: string): (head: RequestHead) => string | undefined {
  // A control byte in the configured text is a mistake to report, not one to escape.
  if (template === '' || /[\x00-\x20\x7f]/.test(template))
    throw new RangeError('a location must be a URI without spaces');
  const parts = template
    .split(PLACEHOLDER)
    .map((text, index): Part => (index % 2 === 0 ? () => text : placeholder(text)));
  const needsHost = template.includes('${host}');
  return (head) => {
    if (needsHost && head.host === '') return undefined;
    return parts
      .map((part) => part(head))
      .join('')
      .replace(NOT_URI, escapeBytes);
  };
}

function placeholder(name: string): Part {
  const part = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
  if (part === undefined) throw new RangeError(`a location has no placeholder \${${name}}`);
  return part;
}

/** As UTF-8; a lone surrogate becomes U+FFFD. */
function escapeBytes(text: string): string {
  return Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(
    '',
  );
}
