/** Owns when an endpoint is failing: by so many failures in a row, seen by all workers together. */

/** Unless configured, and where ejection is off. */
export const FAILURES_IN_A_ROW = 5;

/** `ejection` is undefined where endpoints are not ejected: that they fail is told all the same. */
export const failingAfter = (ejection: { readonly consecutive5xx: number } | undefined): number =>
  ejection?.consecutive5xx ?? FAILURES_IN_A_ROW;
