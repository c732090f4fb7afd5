/** Owns the reading of path patterns: `/users`, `/users/*`, `/users/:id`, and of the plain prefixes that rewrites use. */
import { normalisePath } from '../../http/request-path.js';
import { parsed, refused, type Parsed } from './parsed.js';

/** What a segment may hold (RFC 3986 section 3.3). */
const SEGMENT = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*$/;
const PARAMETER = /^:[A-Za-z_][A-Za-z0-9_]*$/;
const DOTS = /^(?:\.|%2e){1,2}$/i;

/** The pattern as written, once it is known to be one. */
export function parsePathPattern(text: string): Parsed<string> {
  const wrong = pathComplaint(text) ?? wildcardComplaint(text) ?? parameterComplaint(text);
  return wrong === undefined ? parsed(text) : refused(wrong);
}

/** A path without wildcards or parameters, without a slash at its end (but `/` itself is one). */
export function parsePathPrefix(text: string): Parsed<string> {
  const wrong = pathComplaint(text);
  if (wrong !== undefined) return refused(wrong);
  if (/\/:|\*/.test(text)) return refused('must be a plain prefix such as /api, without * or :parameters');
  return parsed(text.length > 1 && text.endsWith('/') ? text.slice(0, -1) : text);
}

function pathComplaint(text: string): string | undefined {
  if (!text.startsWith('/')) return 'must begin with /';
  if (/[?#]/.test(text)) return 'must not hold a query or fragment: match parameters with `query`';
  if (text.includes('//')) return 'must not hold // : requests never do';
  if (/%2f|%5c|\\/i.test(text))
    return 'must not hold an encoded slash or a backslash: such requests are refused';
  const segments = text.slice(1).split('/');
  if (segments.some((segment) => DOTS.test(segment)))
    return 'must not hold . or .. segments: requests never do';
  if (!segments.every((segment) => SEGMENT.test(segment)))
    return 'must percent-encode spaces and special characters';
  if (normalisePath(text) === undefined) return 'must not be a path that requests are refused for';
  return undefined;
}

function wildcardComplaint(text: string): string | undefined {
  const star = text.indexOf('*');
  if (star < 0 || (star === text.length - 1 && text.endsWith('/*'))) return undefined;
  return 'must use * only as the whole last segment, as in /users/*';
}

function parameterComplaint(text: string): string | undefined {
  const parameters = text.split('/').filter((segment) => segment.startsWith(':'));
  if (!parameters.every((parameter) => PARAMETER.test(parameter)))
    return 'must name its parameters, as in /users/:id';
  return new Set(parameters).size === parameters.length ? undefined : 'must not use one parameter name twice';
}
