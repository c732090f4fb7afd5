/** Owns the questions to the admin API: with the token of this tab, within a bound, and every failure as a value. */

export type Reply<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** This instance has no such route. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'unauthorized' }
  | { readonly kind: 'failed'; readonly problem: string };

const TOKEN_KEY = 'torus-admin-token';
const TIMEOUT_MS = 5000;

export const setToken = (token: string): void => sessionStorage.setItem(TOKEN_KEY, token);

/** Never rejects. The caller says what the JSON is; it comes from the instance that served the page. */
export const ask = async <T>(method: string, path: string, body?: object): Promise<Reply<T>> => {
  try {
    const response = await fetch(path, {
      method,
      headers: headersFor(body),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return await replyOf<T>(response);
  } catch (error) {
    return { kind: 'failed', problem: error instanceof Error ? error.message : 'no answer' };
  }
};

const headersFor = (body: object | undefined): Record<string, string> => {
  const token = sessionStorage.getItem(TOKEN_KEY);
  return {
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
};

const replyOf = async <T>(response: Response): Promise<Reply<T>> => {
  if (response.status === 401) return { kind: 'unauthorized' };
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  if (response.status === 404 && !isJson) return { kind: 'missing' };
  const text = await response.text();
  if (!response.ok)
    return { kind: 'failed', problem: text.trim() || `the instance answered ${response.status}` };
  return { kind: 'ok', value: (isJson ? JSON.parse(text) : text) as T };
};
