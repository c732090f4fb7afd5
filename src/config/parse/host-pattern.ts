/** Owns the reading of the hosts that routes match: `api.example.com`, `*.example.com`, `[::1]`. */
import { isIP, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { parsed, refused, type Parsed } from './parsed.js';

const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/** Lower case, in its ASCII form, without a final dot: the way request hosts are compared. */
export function parseHostPattern(text: string): Parsed<string> {
  if (text === '*') return refused('must name a host: leave `host` out to match every host');
  if (text.startsWith('[')) return bracketed(text);
  if (isIPv6(text)) return refused('must write an IPv6 address in brackets, as in [::1]');
  if (/:\d*$/.test(text)) return refused('must be a host without a port: ports belong to listeners');
  const wildcard = text.startsWith('*.');
  const name = asciiName(wildcard ? text.slice(2) : text);
  if (name === undefined || (wildcard && isIP(name) !== 0)) {
    return refused('must be a host such as api.example.com, or *.example.com for every name below it');
  }
  return parsed(wildcard ? `*.${name}` : name);
}

function bracketed(text: string): Parsed<string> {
  if (!text.endsWith(']') || !isIPv6(text.slice(1, -1)))
    return refused('must be an IPv6 address in brackets, as in [::1]');
  return parsed(text.toLowerCase());
}

function asciiName(text: string): string | undefined {
  const lower = text.toLowerCase().replace(/\.$/, '');
  const ascii = /^[\x00-\x7f]*$/.test(lower) ? lower : domainToASCII(lower);
  const valid = ascii.length <= 253 && ascii.split('.').every((label) => LABEL.test(label));
  return valid ? ascii : undefined;
}
