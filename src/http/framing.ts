/** Owns the reading of Content-Length and Transfer-Encoding values (RFC 9112 section 6). Nothing is repaired. */

/** The length, or -1 unless it is plain digits within 2^53 - 1. */
export function parseContentLength(value: string): number {
  if (value.length === 0 || value.length > 16) return -1;
  let length = 0;
  for (let index = 0; index < value.length; index += 1) {
    const digit = value.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length <= Number.MAX_SAFE_INTEGER ? length : -1;
}

/** True for exactly `chunked`, in any case: the only transfer coding Torus speaks. */
export function isChunked(transferEncoding: string): boolean {
  return transferEncoding === 'chunked' || transferEncoding.toLowerCase() === 'chunked';
}
