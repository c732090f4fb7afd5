/** Owns the table of what went wrong: each cause with its meaning, how often lately, and whose fault it is. */
import type { OutcomeCount } from '../../src/contracts/status.js';
import type { StatusChange } from '../../src/observability/status/change.js';
import { counted, showAge, showNumber } from '../../src/observability/status/format.js';
import { causeInfo, errorName, errorsIn, isFailure } from '../../src/observability/status/totals.js';
import { byId, setText } from '../dom.js';
import { LiveTable } from '../live-table.js';

export class CausesSection {
  readonly #note = byId('causes-note');
  readonly #table = new LiveTable<OutcomeCount>(byId('causes-table'), {
    caption: 'Errors by cause',
    empty: 'No errors.',
    keyOf: ({ cause, status }) => `${cause} ${status}`,
    columns: [
      {
        title: 'Cause',
        breaks: true,
        cell: (row) => ({
          text: errorName(row),
          level: isFailure(row) ? 'bad' : 'warning',
          title: meaningOf(row),
        }),
      },
      {
        title: 'Meaning',
        cell: (row) => ({ text: meaningOf(row), title: meaningOf(row) }),
        grows: true,
        wide: true,
      },
      { title: 'Status', cell: ({ status }) => (status === 'none' ? '–' : status) },
      { title: 'Count', cell: ({ count }) => showNumber(count), right: true },
    ],
  });

  /** Of the time that the page remembers. */
  update(remembered: StatusChange | undefined): void {
    const errors = errorsIn(remembered?.outcomes ?? []);
    const total = errors.reduce((sum, { count }) => sum + count, 0);
    setText(
      this.#note,
      remembered === undefined ? ' ' : `${counted(total, 'error')} in ${showAge(remembered.seconds)}`,
    );
    this.#table.update(errors);
  }
}

const meaningOf = ({ cause }: OutcomeCount): string =>
  cause === 'ok' ? 'The upstream answered so itself (cause ok)' : (causeInfo(cause)?.title ?? '');
