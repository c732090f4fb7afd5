/**
 * The fields (headers or trailers) of one message. Names are given in lower case; values are what stands between the
 * optional white space, as latin1. Values handed to `set` and `append` must hold no CR, LF or NUL: implementations throw.
 */
export interface Fields {
  /** The first value of that name, or undefined. */
  get(name: string): string | undefined;
  /** Every value of that name, in order of arrival. */
  getAll(name: string): readonly string[];
  has(name: string): boolean;
  /** Replaces every field of that name by one. */
  set(name: string, value: string): void;
  /** Adds one more field of that name. */
  append(name: string, value: string): void;
  /** Removes every field of that name. */
  remove(name: string): void;
  /** `[lower-case name, value]` of each field that is left, in order. */
  entries(): Iterable<readonly [name: string, value: string]>;
}
