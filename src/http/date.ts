/** Owns the `Date` of responses that came without one (RFC 9110 section 6.6.1): formatted once a second. */

let formatted = '';
let formattedAt = Number.NEGATIVE_INFINITY;

/** IMF-fixdate, at most one second old. `nowMs` is any monotonic clock. */
export function httpDate(nowMs: number): string {
  if (nowMs - formattedAt >= 1000) {
    formattedAt = nowMs;
    // eslint-disable-next-line no-restricted-syntax -- the one place that needs the wall clock as text; `nowMs` paces it
    formatted = new Date().toUTCString();
  }
  return formatted;
}
