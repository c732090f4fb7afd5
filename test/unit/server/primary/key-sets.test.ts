import { pino } from 'pino';
import { KeySetStore, MIN_REFRESH_GAP_MS } from '../../../../src/server/primary/key-sets.js';
import { fetchKeySet, MAX_DOCUMENT_BYTES } from '../../../../src/server/primary/key-set-fetch.js';

const URL_A = 'https://issuer.test/keys';
const arrange = (fetchKeys: () => Promise<readonly Record<string, unknown>[]>) => {
  let time = 0;
  const scheduler = { now: () => time, after: () => () => undefined, every: () => () => undefined };
  const log = pino({ level: 'silent' });
  const store = new KeySetStore({
    urls: [URL_A],
    scheduler,
    log,
    random: () => 0,
    fetchKeys,
    onChange: () => undefined,
  });
  return { store, pass: (ms: number) => void (time += ms) };
};

describe('KeySetStore', () => {
  it('fetches a URL at most once in ten seconds', async () => {
    let fetches = 0;
    const { store, pass } = arrange(() => Promise.resolve([{ kid: String((fetches += 1)) }]));
    await Promise.all([store.refresh(URL_A), store.refresh(URL_A)]);
    await store.refresh(URL_A);
    expect(fetches).toBe(1);
    pass(MIN_REFRESH_GAP_MS);
    await store.refresh(URL_A);
    expect(fetches).toBe(2);
  });
  it('keeps the keys it has when the issuer is down', async () => {
    let up = true;
    const { store, pass } = arrange(() =>
      up ? Promise.resolve([{ kid: 'a' }]) : Promise.reject(new Error('down')),
    );
    await store.refresh(URL_A);
    up = false;
    pass(MIN_REFRESH_GAP_MS);
    await store.refresh(URL_A);
    expect(store.current()).toEqual([[URL_A, { generation: 1, keys: [{ kid: 'a' }] }]]);
    expect(store.fetches).toEqual({ ok: 1, failed: 1 });
  });
  it('fetches URLs that a reload brings, and forgets those that it drops', async () => {
    const { store } = arrange(() => Promise.resolve([{ kid: 'a' }]));
    await store.add([URL_A, 'https://other.test/keys']);
    expect(store.current().map(([url]) => url)).toEqual(['https://other.test/keys']);
    store.retain([URL_A]);
    expect(store.current()).toEqual([]);
  });
  it('fetches no URL that the configuration does not name', async () => {
    const { store } = arrange(() => Promise.reject(new Error('must not be called')));
    await store.refresh('http://169.254.1.1/');
    expect(store.fetches.failed).toBe(0);
  });
});

describe('fetchKeySet', () => {
  const answer = (body: string, status = 200) =>
    (() => Promise.resolve(new Response(body, { status }))) as typeof fetch;
  it('returns the keys of a document', async () => {
    expect(await fetchKeySet(URL_A, answer('{"keys":[{"kid":"a"},7]}'))).toEqual([{ kid: 'a' }]);
  });
  it('refuses documents that are too large, no JSON, or no key set, and other statuses', async () => {
    await expect(fetchKeySet(URL_A, answer(' '.repeat(MAX_DOCUMENT_BYTES + 1)))).rejects.toThrow('larger');
    await expect(fetchKeySet(URL_A, answer('<html>'))).rejects.toThrow('not JSON');
    await expect(fetchKeySet(URL_A, answer('{}'))).rejects.toThrow('keys');
    await expect(fetchKeySet(URL_A, answer('{}', 500))).rejects.toThrow('500');
  });
});
