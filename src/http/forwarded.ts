/**
 * Owns what a request says about the hops before it: whom to believe in X-Forwarded-For, and how to write
 * X-Forwarded-* and Forwarded (RFC 7239). Pure.
 */
import { isIP } from 'node:net';
import { canonicalAddress, type IpSet } from './ip-set.js';

/** One hop as Forwarded tells it. Absent parts are left out of the element. */
export interface ForwardedHop {
  /** IP address of the client of this hop; anything else is written as `unknown`. */
  readonly for: string;
  readonly by?: string;
  /** The Host the client asked for. */
  readonly host?: string;
  readonly proto?: 'http' | 'https';
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const BRACKETED = /^\[([^\]]*)\](?::\d{1,5})?$/;
const V4_WITH_PORT = /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/;

/**
 * The address an exchange counts for: walking X-Forwarded-For from its right end, the first that is not a trusted proxy.
 * A peer that is not trusted is not believed at all. An entry that is no address ends the walk at the hop that sent it.
 */
export function clientAddressOf(
  peerAddress: string,
  xForwardedFor: readonly string[],
  trusted: IpSet,
): string {
  let client = canonicalAddress(peerAddress) ?? peerAddress;
  if (xForwardedFor.length === 0 || !trusted.has(client)) return client;
  const hops = xForwardedFor.join(',').split(',');
  for (let index = hops.length - 1; index >= 0; index -= 1) {
    const hop = addressOf(hops[index] ?? '');
    if (hop === undefined) return client;
    client = hop;
    if (!trusted.has(hop)) return client;
  }
  return client;
}

/** The address in `ip`, `ip:port`, `[ip6]` or `[ip6]:port`; undefined for anything else (`unknown`, `_hidden`, junk). */
export function addressOf(node: string): string | undefined {
  const text = node.trim();
  return canonicalAddress(BRACKETED.exec(text)?.[1] ?? V4_WITH_PORT.exec(text)?.[1] ?? text);
}

/** One element of Forwarded: `for="[2001:db8::1]";host=example.com;proto=https`. */
export function forwardedElement(hop: ForwardedHop): string {
  let element = `for=${quoteIfNeeded(nodeOf(hop.for))}`;
  if (hop.by !== undefined) element += `;by=${quoteIfNeeded(nodeOf(hop.by))}`;
  if (hop.host !== undefined && hop.host !== '') element += `;host=${quoteIfNeeded(hop.host)}`;
  return hop.proto === undefined ? element : `${element};proto=${hop.proto}`;
}

/** A list field with one more member: what stood in it (all its lines, in order), then `member`. */
export function appendMember(lines: readonly string[], member: string): string {
  const before = lines.filter((line) => line !== '').join(', ');
  return before === '' ? member : `${before}, ${member}`;
}

function nodeOf(address: string): string {
  const canonical = canonicalAddress(address);
  if (canonical === undefined) return 'unknown';
  return isIP(canonical) === 6 ? `[${canonical}]` : canonical;
}

function quoteIfNeeded(value: string): string {
  return TOKEN.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}
