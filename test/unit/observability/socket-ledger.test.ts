import { SocketLedger } from '../../../src/observability/socket-ledger.js';

describe('SocketLedger', () => {
  it('keeps every row even, by owner and reason', () => {
    const ledger = new SocketLedger();
    ledger.opened('downstream', 'edge');
    ledger.opened('downstream', 'edge');
    ledger.opened('upstream', 'a:1');
    ledger.closed('downstream', 'edge', 'idle');
    expect(ledger.openedTotals()).toEqual([
      [['downstream', 'edge'], 2],
      [['upstream', 'a:1'], 1],
    ]);
    expect(ledger.closedTotals()).toEqual([[['downstream', 'edge', 'idle'], 1]]);
    expect(ledger.openNow()).toEqual([
      [['downstream', 'edge'], 1],
      [['upstream', 'a:1'], 1],
    ]);
  });

  it('closes a socket past its bound in the row that it was opened in', () => {
    const ledger = new SocketLedger(1);
    for (const owner of ['a:1', 'b:1', 'c:1']) ledger.opened('upstream', owner);
    for (const owner of ['c:1', 'a:1']) ledger.closed('upstream', owner, 'surplus');
    expect(ledger.openNow()).toEqual([
      [['upstream', 'a:1'], 0],
      [['upstream', 'other'], 1],
    ]);
    expect(ledger.closedTotals()).toEqual([
      [['upstream', 'a:1', 'surplus'], 1],
      [['upstream', 'other', 'surplus'], 1],
    ]);
  });
});
