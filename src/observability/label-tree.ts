/** Owns counters with labels that are found without building a string: nested maps, one level a label. */

export interface Cell {
  readonly labels: readonly string[];
  value: number;
}

/** Label values past the bound are counted under this one, so that memory and scrapes stay bounded. */
export const OVERFLOW_LABEL = 'other';

/** Series a family may have in one worker. */
export const MAX_SERIES = 10_000;

/** How many more series a family may have. Taken by the one that comes first, whatever its labels. */
interface SeriesBudget {
  left: number;
}

/** Counters told apart by two labels. */
export class PairCounters {
  readonly #rows = new Map<string, Map<string, Cell>>();
  readonly #budget: SeriesBudget;

  constructor(budget: SeriesBudget = { left: MAX_SERIES }) {
    this.#budget = budget;
  }

  add(first: string, second: string, amount: number): void {
    const cell = this.#rows.get(first)?.get(second) ?? this.#create(first, second);
    cell.value += amount;
  }

  cells(): Cell[] {
    return [...this.#rows.values()].flatMap((row) => [...row.values()]);
  }

  #create(first: string, second: string): Cell {
    if (this.#budget.left <= 0) return this.#overflow(first);
    return this.#insert(first, second);
  }

  // A known first label keeps its name; an unknown one joins the row of the others.
  #overflow(first: string): Cell {
    const row = this.#rows.has(first) ? first : OVERFLOW_LABEL;
    return this.#rows.get(row)?.get(OVERFLOW_LABEL) ?? this.#insert(row, OVERFLOW_LABEL);
  }

  #insert(first: string, second: string): Cell {
    const cell: Cell = { labels: [first, second], value: 0 };
    const row = this.#rows.get(first) ?? new Map<string, Cell>();
    row.set(second, cell);
    this.#rows.set(first, row);
    this.#budget.left -= 1;
    return cell;
  }
}

/** Counters told apart by three labels. */
export class TripleCounters {
  readonly #tables = new Map<string, PairCounters>();
  readonly #budget: SeriesBudget;

  constructor(budget: SeriesBudget = { left: MAX_SERIES }) {
    this.#budget = budget;
  }

  add(first: string, second: string, third: string): void {
    const known = this.#tables.get(first);
    if (known !== undefined) known.add(second, third, 1);
    else this.#tableFor(first).add(second, third, 1);
  }

  cells(): Cell[] {
    return [...this.#tables].flatMap(([first, table]) =>
      table.cells().map((cell) => ({ labels: [first, ...cell.labels], value: cell.value })),
    );
  }

  #tableFor(first: string): PairCounters {
    const name = this.#budget.left > 0 ? first : OVERFLOW_LABEL;
    const table = this.#tables.get(name) ?? new PairCounters(this.#budget);
    this.#tables.set(name, table);
    return table;
  }
}
