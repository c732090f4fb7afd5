import type { PrimaryMessage } from '../../../../src/server/ipc/messages.js';
import { MessageOrder } from '../../../../src/server/worker/message-order.js';

const commit = (version: number): PrimaryMessage => ({ type: 'commit', version });

describe('the order of what the primary says', () => {
  const arrange = () => {
    const seen: string[] = [];
    const order = new MessageOrder((message) =>
      seen.push('version' in message ? `${message.type} ${String(message.version)}` : message.type),
    );
    let loaded: () => void = () => undefined;
    let broken: (error: Error) => void = () => undefined;
    const load = (): Promise<void> =>
      new Promise((resolve, reject) => {
        [loaded, broken] = [resolve, reject];
      });
    return { seen, order, load, finish: () => loaded(), fail: (error: Error) => broken(error) };
  };

  it('is as it came while nothing is loaded', () => {
    const { seen, order } = arrange();
    order.receive(commit(1));
    expect(seen).toEqual(['commit 1']);
  });

  it('is kept while something is, but for what is asked of the process', async () => {
    const { seen, order, load, finish } = arrange();
    const done = order.after(load, () => seen.push('proceed'));
    order.receive(commit(1));
    order.receive({ type: 'ping', sequence: 1 });
    order.receive(commit(2));
    order.receive({ type: 'shutdown', reason: 'test' });
    expect(seen).toEqual(['ping', 'shutdown']);
    finish();
    await done;
    expect(seen.slice(2)).toEqual(['proceed', 'commit 1', 'commit 2']);
  });

  it('is kept again by what was held and loads as well', async () => {
    const seen: string[] = [];
    const loads: Promise<void>[] = [];
    const order = new MessageOrder((message) => {
      seen.push(message.type);
      if (message.type === 'discard')
        loads.push(
          order.after(
            () => Promise.resolve(),
            () => seen.push('loaded'),
          ),
        );
    });
    const first = order.after(
      () => Promise.resolve(),
      () => seen.push('first'),
    );
    order.receive({ type: 'discard', version: 1 });
    order.receive(commit(1));
    await first;
    await Promise.all(loads);
    expect(seen).toEqual(['first', 'discard', 'loaded', 'commit']);
  });

  it('goes on when loading fails', async () => {
    const { seen, order, load, fail } = arrange();
    const done = order.after(load, () => seen.push('proceed'));
    order.receive(commit(1));
    fail(new Error('gone'));
    await expect(done).rejects.toThrow('gone');
    expect(seen).toEqual(['commit 1']);
  });
});
