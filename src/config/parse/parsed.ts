/** Owns the result of reading one scalar: its value, or one sentence fragment that says what it must be. */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

export const parsed = <T>(value: T): Parsed<T> => ({ ok: true, value });

/** `message` completes "this value ..." and never repeats the value: it may hold a secret. */
export const refused = (message: string): { readonly ok: false; readonly message: string } => ({
  ok: false,
  message,
});
