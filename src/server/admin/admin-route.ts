/** Owns what a route of the admin listener is: who may call it, what it is given, what it gives back. */
import type { Readable } from 'node:stream';

/**
 * `probe`: anybody, at any time. `page`: what holds no secret and does nothing by itself. `metrics`: anybody where there is no
 * token. `operator`: everything else.
 */
export type AdminAccess = 'probe' | 'page' | 'metrics' | 'operator';

export type AdminMethod = 'GET' | 'POST' | 'DELETE';

export interface AdminRequest {
  readonly query: URLSearchParams;
  /** What stands in the place of `:name` in the path, decoded; empty where the path has none. */
  readonly parameter: string;
  readonly accept: string;
  readonly contentType: string;
  readonly ifNoneMatch: string;
  /** UTF-8. Rejects with an `AdminProblem` of 413 when it is longer than `MAX_BODY_BYTES`. */
  readonly body: () => Promise<string>;
}

export interface AdminAnswer {
  readonly status: number;
  /** A stream is destroyed when the client goes. */
  readonly body: string | Buffer | Readable;
  readonly contentType: string;
  readonly fields?: Readonly<Record<string, string>>;
}

export interface AdminRoute {
  /** GET answers HEAD too, and changes nothing. */
  readonly method: AdminMethod;
  /** `/streams`, or `/streams/:id` and `/streams/:id/kill` with one parameter. */
  readonly path: string;
  /** One line for the list of routes. */
  readonly summary: string;
  /** Default: `operator`. */
  readonly access?: AdminAccess;
  /** May throw an `AdminProblem`; anything else thrown is logged and answered with 500. */
  handle(request: AdminRequest): AdminAnswer | Promise<AdminAnswer>;
}

/** A request that is answered with this status and these words. */
export class AdminProblem extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'AdminProblem';
    this.status = status;
  }
}

export const MAX_BODY_BYTES = 4 * 1024 * 1024;

const TEXT = 'text/plain; charset=utf-8';

export const text = (body: string, status = 200): AdminAnswer => ({ status, body, contentType: TEXT });

/** Indented, for people who read it with curl. */
export const json = (value: unknown, status = 200): AdminAnswer => ({
  status,
  body: `${JSON.stringify(value, undefined, 2)}\n`,
  contentType: 'application/json',
});

/** One line of words. */
export const problem = (
  status: number,
  message: string,
  fields: Readonly<Record<string, string>> = {},
): AdminAnswer => ({ ...text(`${message}\n`, status), fields });

/** A whole number in the query from `min` to `max`; `fallback` where it is not given. Throws an `AdminProblem` of 400. */
export const numberIn = (
  query: URLSearchParams,
  name: string,
  range: { readonly fallback: number; readonly min: number; readonly max: number },
): number => {
  const given = query.get(name);
  if (given === null || given === '') return range.fallback;
  const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
  if (value >= range.min && value <= range.max) return value;
  throw new AdminProblem(400, `${name} must be a whole number from ${range.min} to ${range.max}`);
};

/** The number of a worker in the query; `fallback` where it is not given. Throws an `AdminProblem` of 400. */
export const workerIn = (query: URLSearchParams, fallback: number): number =>
  numberIn(query, 'worker', { fallback, min: 1, max: 65_535 });

/** Throws an `AdminProblem` of 400 that names a parameter that is none of these. One that is overlooked would change more than was asked for. */
export const refuseUnknown = (query: URLSearchParams, known: readonly string[]): void => {
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const there = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
  throw new AdminProblem(400, `there is no parameter ${unknown}; ${there}`);
};
