/** Owns one download of a JWKS document (RFC 7517): bounded in time and size, and no further than the URL named. */
import type { Jwk } from '../../contracts/key-set.js';

export const FETCH_TIMEOUT_MS = 5000;
export const MAX_DOCUMENT_BYTES = 1024 * 1024;

/** The keys published at that URL. Rejects with a reason that is fit for a log. */
export const fetchKeySet = async (url: string, request: typeof fetch): Promise<readonly Jwk[]> => {
  // A redirect could lead from https to http or to another host: the operator named one URL.
  const response = await request(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    headers: { accept: 'application/json' },
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the answer has status ${response.status}`);
  }
  return keysOf(await readBounded(response));
};

const readBounded = async (response: Response): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_DOCUMENT_BYTES)
      throw new Error(`the document is larger than ${MAX_DOCUMENT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const keysOf = (text: string): readonly Jwk[] => {
  const document = parseJson(text);
  const keys = isObject(document) ? document['keys'] : undefined;
  if (!Array.isArray(keys)) throw new Error('the document holds no array "keys"');
  return keys.filter(isObject);
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw new Error('the document is not JSON');
  }
};

const isObject = (value: unknown): value is Jwk =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
