import { WorkerKeySets } from '../../../../src/server/worker/worker-key-sets.js';

const URL_A = 'https://issuer.test/keys';

const arrange = (isSent = true, timeoutMs = 10_000) => {
  const asked: { request: number; url: string }[] = [];
  const keySets = new WorkerKeySets({
    timeoutMs,
    askPrimary: (request, url, onSent) => {
      asked.push({ request, url });
      onSent(isSent);
    },
  });
  return { keySets, asked };
};

describe('WorkerKeySets', () => {
  it('knows what the primary had at the start and what it sent since', () => {
    const { keySets } = arrange();
    keySets.load([[URL_A, { generation: 1, keys: [] }]]);
    expect(keySets.current(URL_A)?.generation).toBe(1);
    keySets.store(URL_A, { generation: 2, keys: [] });
    expect(keySets.current(URL_A)?.generation).toBe(2);
    expect(keySets.current('https://other.test/')).toBeUndefined();
  });
  it('asks once for exchanges that want newer keys at the same moment', async () => {
    const { keySets, asked } = arrange();
    const both = Promise.all([keySets.refresh(URL_A), keySets.refresh(URL_A)]);
    expect(asked).toEqual([{ request: 1, url: URL_A }]);
    keySets.store(URL_A, { generation: 3, keys: [] });
    keySets.answered(1);
    expect((await both).map((keySet) => keySet?.generation)).toEqual([3, 3]);
    const again = keySets.refresh(URL_A);
    expect(asked.at(-1)?.request).toBe(2);
    keySets.answered(2);
    await again;
  });
  it('answers with what it has when the primary cannot be asked', async () => {
    const { keySets } = arrange(false);
    keySets.store(URL_A, { generation: 1, keys: [] });
    expect((await keySets.refresh(URL_A))?.generation).toBe(1);
  });
  it('answers with what it has when the primary does not', async () => {
    const { keySets } = arrange(true, 1);
    expect(await keySets.refresh(URL_A)).toBeUndefined();
  });
  it('takes an answer that comes too late for what it is: nothing', async () => {
    const { keySets } = arrange(true, 1);
    await keySets.refresh(URL_A);
    keySets.answered(1);
    keySets.answered(99);
    expect(keySets.current(URL_A)).toBeUndefined();
  });
});
