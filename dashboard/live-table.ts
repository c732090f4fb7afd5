/** Owns a table whose rows come again with each poll: rows are known by a key, and only what differs is written. */
import { make, setAttribute, setText } from './dom.js';

export interface Cell {
  readonly text: string;
  /** `good`, `warning`, `bad`: a mark before the text and its colour. */
  readonly level?: string;
  /** What a pointer that rests on it is told. */
  readonly title?: string;
}

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Cell | string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
  /** Left out where the window is narrow. */
  readonly wide?: boolean;
  /** Takes the room that is left, and is cut where that is too little. */
  readonly grows?: boolean;
  /** May be broken into lines where the window is narrow. */
  readonly breaks?: boolean;
}

export interface TableOptions<Row> {
  /** For screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  /** Said in place of rows. */
  readonly empty: string;
  /** A button in each row. */
  readonly action?: {
    readonly label: string;
    readonly describe: (row: Row) => string;
    readonly run: (row: Row) => void;
  };
}

interface Line<Row> {
  readonly element: HTMLTableRowElement;
  readonly cells: readonly HTMLTableCellElement[];
  row: Row;
}

export class LiveTable<Row> {
  readonly #options: TableOptions<Row>;
  readonly #body = make('tbody');
  readonly #table: HTMLTableElement;
  readonly #empty: HTMLElement;
  #lines = new Map<string, Line<Row>>();

  constructor(host: HTMLElement, options: TableOptions<Row>) {
    this.#options = options;
    const { caption, empty } = options;
    this.#table = make('table', {}, make('caption', { text: caption }), this.#head(), this.#body);
    this.#empty = make('p', { class: 'empty', text: empty });
    // What scrolls must be reachable by the keyboard.
    host.tabIndex = 0;
    host.setAttribute('role', 'region');
    host.setAttribute('aria-label', caption);
    host.append(this.#table, this.#empty);
    this.update([]);
  }

  update(rows: readonly Row[]): void {
    const before = this.#lines;
    this.#lines = new Map();
    rows.forEach((row, at) => {
      let key = this.#options.keyOf(row);
      while (this.#lines.has(key)) key += ' again';
      const line = before.get(key) ?? this.#newLine(row);
      before.delete(key);
      this.#lines.set(key, line);
      this.#write(line, row);
      const place = this.#body.children[at];
      if (place !== line.element) this.#body.insertBefore(line.element, place ?? null);
    });
    for (const { element } of before.values()) element.remove();
    this.#table.hidden = rows.length === 0;
    this.#empty.hidden = rows.length > 0;
  }

  #head(): HTMLElement {
    const cells = this.#options.columns.map((column) =>
      make('th', { scope: 'col', class: classOf(column), text: column.title }),
    );
    if (this.#options.action !== undefined) cells.push(make('th', { scope: 'col', class: 'act', text: '' }));
    return make('thead', {}, make('tr', {}, ...cells));
  }

  #newLine(row: Row): Line<Row> {
    const cells = this.#options.columns.map((column) => make('td', { class: classOf(column) }));
    const element = make('tr', {}, ...cells);
    const line: Line<Row> = { element, cells, row };
    const { action } = this.#options;
    if (action !== undefined) {
      const button = make('button', { type: 'button', class: 'small', text: action.label });
      button.setAttribute('aria-label', `${action.label}: ${action.describe(row)}`);
      button.addEventListener('click', () => action.run(line.row));
      element.append(make('td', { class: 'act' }, button));
    }
    return line;
  }

  #write(line: Line<Row>, row: Row): void {
    line.row = row;
    this.#options.columns.forEach(({ cell }, at) => {
      const element = line.cells[at];
      if (element === undefined) return;
      const told = cell(row);
      const { text, level, title }: Cell = typeof told === 'string' ? { text: told } : told;
      setText(element, text);
      setAttribute(element, 'data-level', level);
      setAttribute(element, 'title', title);
    });
  }
}

const classOf = (column: Column<never>): string =>
  (['right', 'wide', 'grows', 'breaks'] as const).filter((name) => column[name] === true).join(' ');
