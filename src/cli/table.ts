/** Owns how rows of values are laid out for a terminal. */

export interface Column {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
  /** Longer values are cut; the cut shows. */
  readonly max?: number;
}

/** Lines of equal columns, the titles first; nothing but the titles for no rows. */
export const renderTable = (
  columns: readonly Column[],
  rows: readonly (readonly (string | number)[])[],
): string[] => {
  const cells = rows.map((row) => columns.map((column, at) => cut(String(row[at] ?? ''), column.max)));
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    columns.map(({ right }, at) => pad(row[at] ?? '', widths[at] ?? 0, right === true)).join('  ');
  return [columns.map(({ title }) => title), ...cells].map((row) => line(row).trimEnd());
};

const cut = (value: string, max = Infinity): string =>
  value.length <= max ? value : `${value.slice(0, max - 1)}…`;

const pad = (value: string, width: number, right: boolean): string =>
  right ? value.padStart(width) : value.padEnd(width);
