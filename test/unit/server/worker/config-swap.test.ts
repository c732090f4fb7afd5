import type { ConfigSnapshot } from '../../../../src/contracts/config.js';
import type { ConfigAnswer } from '../../../../src/server/ipc/messages.js';
import { ConfigSwap } from '../../../../src/server/worker/config-swap.js';

const snapshot = (version: number) => ({ version }) as ConfigSnapshot;

const arrange = (prepare: () => void = () => undefined) => {
  const calls: string[] = [];
  const answers: ConfigAnswer[] = [];
  const swap = new ConfigSwap({
    plane: { prepare, commit: () => calls.push('commit'), discard: () => calls.push('discard') },
    answer: (message) => answers.push(message),
    onCommit: ({ version }) => calls.push(`serving ${String(version)}`),
  });
  return { swap, calls, answers };
};

const endpoints = { version: 2, upstreams: [] };

describe('ConfigSwap', () => {
  it('serves what it prepared only after the commit', () => {
    const { swap, calls, answers } = arrange();
    swap.receive({ type: 'prepare', snapshot: snapshot(2), endpoints });
    expect(calls).toEqual([]);
    swap.receive({ type: 'commit', version: 2 });
    expect(calls).toEqual(['commit', 'serving 2']);
    expect(answers).toEqual([
      { type: 'prepared', version: 2 },
      { type: 'applied', version: 2 },
    ]);
  });
  it('rejects what it cannot compose, with the reason, and ignores a commit of it', () => {
    const { swap, calls, answers } = arrange(() => {
      throw new RangeError('no such filter');
    });
    swap.receive({ type: 'prepare', snapshot: snapshot(2), endpoints });
    swap.receive({ type: 'commit', version: 2 });
    expect(answers).toEqual([{ type: 'rejected', version: 2, problem: 'no such filter' }]);
    expect(calls).toEqual([]);
  });
  it('drops what it prepared when another worker could not', () => {
    const { swap, calls } = arrange();
    swap.receive({ type: 'prepare', snapshot: snapshot(2), endpoints });
    swap.receive({ type: 'discard', version: 2 });
    swap.receive({ type: 'commit', version: 2 });
    expect(calls).toEqual(['discard']);
  });
  it('takes no word about another version', () => {
    const { swap, calls } = arrange();
    swap.receive({ type: 'prepare', snapshot: snapshot(3), endpoints });
    swap.receive({ type: 'commit', version: 2 });
    expect(calls).toEqual([]);
  });
});
