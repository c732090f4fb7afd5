/** Owns the table of the exchanges that have run longest, and the button that ends one. */
import { counted } from '../../src/observability/status/format.js';
import {
  showBlocked,
  showStreamAge,
  showTarget,
  showTransfer,
  showWay,
  streamsQuery,
} from '../../src/observability/status/live-streams.js';
import type { LiveStream, LiveStreams } from '../../src/observability/status/live-streams.js';
import { ask } from '../api.js';
import { byId, byIdAs, setText, show } from '../dom.js';
import { LiveTable } from '../live-table.js';

const ROWS = 10;
/** What ends sooner would come and go too quickly to be read. */
const SLOW = '1s';

export class StreamsSection {
  readonly #section = byId('streams');
  /** The instance has no such route, as in an older version. */
  #isMissing = false;
  readonly #note = byId('streams-note');
  readonly #dialog = byIdAs('kill-dialog', HTMLDialogElement);
  readonly #table = new LiveTable<LiveStream>(byId('streams-table'), {
    caption: 'Exchanges and tunnels that run now, oldest first',
    empty: 'Nothing has been running for more than a second.',
    keyOf: ({ id }) => id,
    columns: [
      { title: 'Age', cell: showStreamAge, right: true },
      { title: 'Phase', cell: ({ phase, tunnel }) => tunnel ?? phase, wide: true },
      {
        title: 'Blocked by',
        cell: (row) => ({ text: showBlocked(row), ...(row.blocked === null ? {} : { level: 'warning' }) }),
      },
      { title: 'Request', cell: (row) => ({ text: showTarget(row), title: showTarget(row) }), grows: true },
      { title: 'Client', cell: ({ client }) => client, wide: true },
      { title: 'Route → endpoint', cell: (row) => ({ text: showWay(row), title: showWay(row) }), wide: true },
      { title: 'In / out', cell: showTransfer, right: true, wide: true },
    ],
    action: { label: 'End', describe: showTarget, run: (row) => this.#confirm(row) },
  });
  #chosen: LiveStream | undefined;

  constructor() {
    this.#dialog.addEventListener('close', () => {
      if (this.#dialog.returnValue === 'kill' && this.#chosen !== undefined) void this.#kill(this.#chosen);
      this.#chosen = undefined;
    });
  }

  async refresh(): Promise<void> {
    if (this.#isMissing) return;
    const reply = await ask<LiveStreams>('GET', streamsQuery('age', ROWS, SLOW));
    this.#isMissing = reply.kind === 'missing';
    if (reply.kind !== 'ok') return;
    show(this.#section, true);
    const { total, matched, streams, missing } = reply.value;
    const silent = missing.length === 0 ? '' : `, ${counted(missing.length, 'worker')} did not answer`;
    setText(this.#note, `${total} running, ${matched} for more than a second${silent}`);
    this.#table.update(streams);
  }

  #confirm(stream: LiveStream): void {
    this.#chosen = stream;
    setText(
      byId('kill-what'),
      `${showTarget(stream)}, for ${stream.client}, running for ${showStreamAge(stream)}`,
    );
    this.#dialog.returnValue = '';
    this.#dialog.showModal();
  }

  async #kill({ id }: LiveStream): Promise<void> {
    const reply = await ask('DELETE', `/streams/${encodeURIComponent(id)}`);
    if (reply.kind === 'failed') setText(this.#note, `It could not be ended: ${reply.problem}`);
    else await this.refresh();
  }
}
