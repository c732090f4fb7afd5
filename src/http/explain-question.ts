/** Owns the reading of a question about a request, as an administrator asks it: what is no request is told in words. Pure. */
import { isIP } from 'node:net';
import type { ExplainQuestion } from '../contracts/explanation.js';

export type ParsedQuestion = { readonly question: ExplainQuestion } | { readonly problem: string };

/** Fields of one question, and characters of each: far beyond every limit of a listener, so that those can be seen at work. */
const MAX_FIELDS = 20_000;
const MAX_LENGTH = 1024 * 1024;

/** Ends a line, and with it a field. */
const LINE_BREAK = /[\r\n\0]/;

/**
 * `{ method, url, headers, client, listener, http2, showValues }`; all but `url` may be left out. Headers are an object of names and
 * values (or lists of values), or a list of `Name: value`.
 */
export function parseQuestion(input: unknown): ParsedQuestion {
  if (!isRecord(input))
    return { problem: 'must be an object such as { "method": "GET", "url": "https://…" }' };
  const stray = Object.keys(input).find((key) => !KEYS.has(key));
  if (stray !== undefined) return { problem: `there is no ${stray}: there is ${[...KEYS].join(', ')}` };
  const unreadable = wrongKind(input);
  if (unreadable !== undefined) return { problem: unreadable };
  const method = textIn(input, 'method') ?? 'GET';
  const url = textIn(input, 'url') ?? '';
  const headers = headersIn(input['headers'] ?? []);
  const problem = methodProblem(method) ?? urlProblem(method, url) ?? clientProblem(textIn(input, 'client'));
  if (problem !== undefined) return { problem };
  if ('problem' in headers) return headers;
  return {
    question: {
      ...{ method, url, headers: headers.pairs },
      client: textIn(input, 'client'),
      listener: textIn(input, 'listener'),
      http2: isSet(input['http2']),
      showValues: isSet(input['showValues']),
    },
  };
}

const KEYS = new Set(['method', 'url', 'headers', 'client', 'listener', 'http2', 'showValues']);
const TEXTS = ['method', 'url', 'client', 'listener'] as const;
const FLAGS = ['http2', 'showValues'] as const;
const FLAG_VALUES = new Set<unknown>([true, false, 'true', 'false', '1', '0']);

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === '';

/** A value that is overlooked would answer another question than was asked. */
function wrongKind(input: Readonly<Record<string, unknown>>): string | undefined {
  const noText = TEXTS.find((key) => !isAbsent(input[key]) && typeof input[key] !== 'string');
  if (noText !== undefined) return `${noText} must be text`;
  const noFlag = FLAGS.find((key) => !isAbsent(input[key]) && !FLAG_VALUES.has(input[key]));
  return noFlag === undefined ? undefined : `${noFlag} must be true or false`;
}

function textIn(input: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = input[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

const isSet = (value: unknown): boolean => value === true || value === 'true' || value === '1';

function methodProblem(method: string): string | undefined {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(method) ? undefined : `"${method}" is no method`;
}

/** Only what keeps it from being a question: what is wrong with the request itself, the answer says. */
function urlProblem(method: string, url: string): string | undefined {
  if (url.length > MAX_LENGTH || LINE_BREAK.test(url) || url.includes(' ')) return 'url must hold no spaces';
  if (method === 'CONNECT') {
    return /^[^/\s]+:\d+$/.test(url) ? undefined : 'url must be host:port for CONNECT';
  }
  if (/^https?:\/\/[^/?#]/i.test(url)) return undefined;
  if (url === '') return 'url is missing: write https://host/path';
  if (url.startsWith('/')) return `url needs a scheme and a host: https://host${url}`;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(url)
    ? `url must begin with http:// or https://`
    : `url needs a scheme: https://${url}`;
}

function clientProblem(client: string | undefined): string | undefined {
  return client === undefined || isIP(client) > 0 ? undefined : `client must be an IP address, not ${client}`;
}

type Pair = readonly [name: string, value: string];
type Headers = { readonly pairs: readonly Pair[] } | { readonly problem: string };

function headersIn(value: unknown): Headers {
  const pairs = Array.isArray(value) ? value.map(pairIn) : isRecord(value) ? pairsIn(value) : [undefined];
  const broken = pairs.findIndex((pair) => pair === undefined);
  if (broken >= 0) return { problem: 'headers must be "Name: value", or an object of names and values' };
  const known = pairs.filter((pair) => pair !== undefined);
  if (known.length > MAX_FIELDS) return { problem: `headers must not be more than ${String(MAX_FIELDS)}` };
  const unwritable = known.find(([name, text]) => LINE_BREAK.test(name) || LINE_BREAK.test(text));
  if (unwritable !== undefined) return { problem: `header ${unwritable[0]} must be one line` };
  return { pairs: known };
}

function pairIn(entry: unknown): Pair | undefined {
  if (Array.isArray(entry) && entry.length === 2) return [String(entry[0]), String(entry[1])];
  const [, name, value] = /^([^:]+):[ \t]*(.*)$/s.exec(typeof entry === 'string' ? entry : '') ?? [];
  return name === undefined || value === undefined ? undefined : [name.trim(), value.trim()];
}

function pairsIn(table: Readonly<Record<string, unknown>>): readonly (Pair | undefined)[] {
  return Object.entries(table).flatMap(([name, value]) => {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.map((each) =>
      typeof each === 'string' || typeof each === 'number' ? ([name, String(each)] as const) : undefined,
    );
  });
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
