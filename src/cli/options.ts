/** Owns the options of the command line: their names, their form, and what the help says of them. */

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** Of the value, in the help. */
  readonly value?: string;
  readonly help: string;
}

/** An option means the same in every command that has it. */
export const OPTIONS = {
  config: { type: 'string', short: 'c', value: 'FILE', help: 'torus.yaml, .json, .ts or .js' },
  admin: {
    type: 'string',
    value: 'ADDRESS',
    help: 'of the running instance: HOST:PORT, https://HOST:PORT or unix:PATH; default: as configured',
  },
  json: { type: 'boolean', help: 'JSON in place of text for people' },
  live: { type: 'boolean', help: 'ask the instance that runs, not the configuration alone' },
  header: {
    type: 'string',
    short: 'H',
    multiple: true,
    value: "'NAME: VALUE'",
    help: 'a field of the request, may be repeated',
  },
  http2: { type: 'boolean', help: 'by HTTP/2 in place of HTTP/1.1' },
  'show-values': { type: 'boolean', help: 'also the values of claims; never a token' },
  once: { type: 'boolean', help: 'one frame, after a second, and no screen of its own' },
  worker: { type: 'string', value: 'N', help: 'one worker in place of all' },
  seconds: { type: 'string', value: 'N', help: 'how long; default 10, at most 60' },
  out: { type: 'string', short: 'o', value: 'FILE', help: 'where to; default: named after the worker' },
  slow: { type: 'string', value: 'TIME', help: 'only what is at least that old: 500ms, 10s' },
  route: { type: 'string', value: 'NAME', help: 'only those of that route' },
  upstream: { type: 'string', value: 'NAME', help: 'only those of that upstream' },
  endpoint: { type: 'string', value: 'HOST:PORT', help: 'only those on that endpoint' },
  listener: {
    type: 'string',
    value: 'NAME',
    help: 'only those of that listener; explain: where the request comes in',
  },
  client: {
    type: 'string',
    value: 'ADDRESS',
    help: 'only those of that client; explain: who asks (127.0.0.1)',
  },
  phase: {
    type: 'string',
    value: 'PHASE',
    help: 'only those in it: filter, connect, request, wait, response, tunnel',
  },
  blocked: { type: 'string', value: 'SIDE', help: 'only those blocked now: client, upstream or any' },
  sort: { type: 'string', value: 'ORDER', help: 'age (default), bytes, blocked, buffered, idle' },
  limit: { type: 'string', value: 'N', help: 'at most so many rows' },
  print: { type: 'boolean', help: 'also print the configuration as it is understood, without secrets' },
  secret: { type: 'string', value: 'SECRET', help: 'default: the environment variable JWT_SECRET' },
  sub: { type: 'string', value: 'SUBJECT', help: 'claim "sub"' },
  claim: {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUE',
    help: 'any other claim, may be repeated; VALUE is read as JSON if it is JSON',
  },
  scope: { type: 'string', value: 'SCOPES', help: 'claim "scope", space separated' },
  expires: { type: 'string', value: 'TIME', help: '30s, 15m, 1h, 7d; default 1h' },
  algorithm: { type: 'string', value: 'ALG', help: 'HS256 (default), HS384, HS512' },
  help: { type: 'boolean', short: 'h', help: 'print this text' },
  version: { type: 'boolean', short: 'v', help: 'print the version' },
} as const satisfies Readonly<Record<string, Option>>;

export type OptionName = keyof typeof OPTIONS;

/** What narrows `torus streams`: the parameters of `GET /streams`, by the same names. */
export const STREAM_OPTIONS = [
  ...(['slow', 'route', 'upstream', 'endpoint', 'listener', 'client'] as const),
  ...(['phase', 'blocked', 'sort', 'limit'] as const),
] as const satisfies readonly OptionName[];

type ValueOf<O> = O extends { readonly type: 'boolean' }
  ? boolean
  : O extends { readonly multiple: true }
    ? readonly string[]
    : string;

/** What was given; an option that was not is undefined. */
export type OptionValues = { readonly [N in OptionName]?: ValueOf<(typeof OPTIONS)[N]> | undefined };
