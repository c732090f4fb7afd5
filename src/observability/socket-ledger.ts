/** Owns the ledger of sockets: each is opened once and closed once, so that opened = closed + open holds in every row. */
import type { CloseReason } from '../contracts/close-reason.js';
import type { SocketSide } from '../contracts/telemetry.js';
import { OVERFLOW_LABEL } from './label-tree.js';
import type { Sample } from './metrics-snapshot.js';

/** Listeners or endpoints with a row of their own on one side, in one worker; the rest share one. */
const MAX_OWNERS = 2000;

interface Row {
  opened: number;
  open: number;
  readonly closed: Map<CloseReason, number>;
}

export class SocketLedger {
  readonly #maxOwners: number;
  readonly #sides: Readonly<Record<SocketSide, Map<string, Row>>> = {
    downstream: new Map(),
    upstream: new Map(),
  };

  constructor(maxOwners = MAX_OWNERS) {
    this.#maxOwners = maxOwners;
  }

  opened(side: SocketSide, owner: string): void {
    const row = this.#rowOf(side, owner);
    row.opened += 1;
    row.open += 1;
  }

  closed(side: SocketSide, owner: string, reason: CloseReason): void {
    const row = this.#rowOf(side, owner);
    row.closed.set(reason, (row.closed.get(reason) ?? 0) + 1);
    row.open -= 1;
  }

  openedTotals(): Sample[] {
    return this.#list((labels, { opened }) => [[labels, opened]]);
  }

  closedTotals(): Sample[] {
    return this.#list((labels, { closed }) =>
      [...closed].map(([reason, count]): Sample => [[...labels, reason], count]),
    );
  }

  openNow(): Sample[] {
    return this.#list((labels, { open }) => [[labels, open]]);
  }

  #list(samples: (labels: readonly string[], row: Row) => Sample[]): Sample[] {
    return Object.entries(this.#sides).flatMap(([side, rows]) =>
      [...rows].flatMap(([owner, row]) => samples([side, owner], row)),
    );
  }

  /** Rows are never removed: whoever was opened in one is closed in the same. */
  #rowOf(side: SocketSide, owner: string): Row {
    const rows = this.#sides[side];
    const known = rows.get(owner);
    if (known !== undefined) return known;
    const bounded = rows.size < this.#maxOwners ? owner : OVERFLOW_LABEL;
    const row = rows.get(bounded) ?? { opened: 0, open: 0, closed: new Map<CloseReason, number>() };
    rows.set(bounded, row);
    return row;
  }
}
