/** Owns the reading of IP addresses as text and as bytes. Pure: it opens no socket. */
import { isIP, isIPv6 } from 'node:net';

/** 4 or 6; 0 for everything else, an address with a zone (`fe80::1%eth0`) included: a zone means nothing elsewhere. */
export function ipVersionOf(text: string): 0 | 4 | 6 {
  if (text.includes('%')) return 0;
  const version = isIP(text);
  return version === 4 || version === 6 ? version : 0;
}

/** The 4 or 16 bytes of an address in network order. The text must be an address. */
export function ipBytesOf(text: string): Uint8Array {
  if (!isIPv6(text)) return Uint8Array.from(text.split('.'), Number);
  const tail = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const plain =
    tail === null ? text : `${tail[1] ?? ''}${hexPair(tail[2], tail[3])}:${hexPair(tail[4], tail[5])}`;
  const [left = '', right] = plain.split('::');
  const groups = [groupsOf(left), groupsOf(right ?? '')] as const;
  const zeros = new Array<number>(8 - groups[0].length - groups[1].length).fill(0);
  return Uint8Array.from(
    [...groups[0], ...zeros, ...groups[1]].flatMap((group) => [group >> 8, group & 0xff]),
  );
}

/** The text of 4 or 16 bytes: dotted decimal, or the form of RFC 5952. An IPv4-mapped one ends in dotted decimal. */
export function ipTextOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (isMapped(bytes)) return `::ffff:${bytes.subarray(12).join('.')}`;
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0)).toString(16),
  );
  return withZerosClosedUp(groups.join(':'));
}

const isMapped = (bytes: Uint8Array): boolean =>
  bytes.every((byte, at) => at > 11 || byte === (at < 10 ? 0 : 0xff));

const hexPair = (high = '0', low = '0'): string => ((Number(high) << 8) | Number(low)).toString(16);
const groupsOf = (text: string): number[] =>
  text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));

/** RFC 5952 section 4.2: the longest run of at least two zero groups becomes `::`, the first of equals. */
function withZerosClosedUp(text: string): string {
  let longest = '';
  for (const [run] of text.matchAll(/(?<![^:])0(?::0)+(?![^:])/g))
    if (run.length > longest.length) longest = run;
  if (longest === '') return text;
  const at = text.search(new RegExp(`(?<![^:])${longest}(?![^:])`));
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`;
}
