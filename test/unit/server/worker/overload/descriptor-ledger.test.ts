import { DescriptorLedger } from '../../../../../src/server/worker/overload/descriptor-ledger.js';

const arrange = (counts: number[], costMs = 0) => {
  let now = 0;
  const asked: number[] = [];
  const ledger = new DescriptorLedger({
    count: () => {
      asked.push(now);
      now += costMs;
      return counts.shift() ?? -1;
    },
    now: () => now,
  });
  return { ledger, asked, pass: (ms: number) => (now += ms) };
};

describe('the ledger of file descriptors', () => {
  it('carries a count on by the sockets that open and close', () => {
    const { ledger } = arrange([30]);
    ledger.recount();
    for (let index = 0; index < 5; index += 1) ledger.opened();
    ledger.closed();
    expect(ledger.open).toBe(34);
  });

  it('is corrected by the next count, sockets included', () => {
    const { ledger, pass } = arrange([30, 42]);
    ledger.recount();
    ledger.opened();
    pass(1000);
    ledger.recount();
    expect(ledger.open).toBe(42);
    ledger.closed();
    expect(ledger.open).toBe(41);
  });

  it('counts once a second, and less often where that is dear', () => {
    const cheap = arrange([1, 1, 1]);
    for (const ms of [0, 999, 1]) {
      cheap.pass(ms);
      cheap.ledger.recount();
    }
    expect(cheap.asked).toEqual([0, 1000]);
    const dear = arrange([1, 1, 1], 30);
    for (const ms of [0, 2999, 1]) {
      dear.pass(ms);
      dear.ledger.recount();
    }
    expect(dear.asked).toEqual([0, 3030]);
  });

  it('keeps what it knows when a count fails, as it does without a descriptor to count with', () => {
    const { ledger, pass } = arrange([30, -1]);
    ledger.recount();
    ledger.opened();
    pass(1000);
    ledger.recount();
    expect(ledger.open).toBe(31);
  });

  it('calls at each socket from the alarm on', () => {
    const { ledger } = arrange([30]);
    let calls = 0;
    ledger.recount();
    ledger.watch(32, () => (calls += 1));
    ledger.opened();
    expect(calls).toBe(0);
    ledger.opened();
    ledger.opened();
    expect(calls).toBe(2);
  });
});
