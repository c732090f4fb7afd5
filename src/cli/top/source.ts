/** Owns the questions of `torus top` to the instance, and what it remembers of the answers. */
import type { StatusDocument } from '../../contracts/status.js';
import { StatusHistory } from '../../observability/status/history.js';
import { STREAM_ORDERS, streamsQuery } from '../../observability/status/live-streams.js';
import type { LiveStreams, StreamOrder } from '../../observability/status/live-streams.js';
import { expectJson } from '../admin-client.js';
import type { AdminClient } from '../admin-client.js';
import { AdminFailure } from '../admin-failure.js';
import type { TopView } from './view.js';

const REMEMBERED_SECONDS = 300;
const LATELY_SECONDS = 10;
const STREAM_ROWS = 50;

export class TopSource {
  readonly #client: AdminClient;
  readonly #history = new StatusHistory(REMEMBERED_SECONDS);
  #view: TopView | undefined;
  #order: StreamOrder = 'age';

  constructor(client: AdminClient) {
    this.#client = client;
  }

  get view(): TopView | undefined {
    return this.#view;
  }

  /** Streams in the next order, from the next poll on. */
  sortNext(): void {
    const next = STREAM_ORDERS[(STREAM_ORDERS.indexOf(this.#order) + 1) % STREAM_ORDERS.length];
    this.#order = next ?? 'age';
    if (this.#view !== undefined) this.#view = { ...this.#view, order: this.#order };
  }

  /** Rejects with an `AdminFailure` when there was never an answer; later the last one stays, with the problem. */
  async poll(): Promise<TopView> {
    try {
      this.#view = await this.#ask();
    } catch (error) {
      if (!(error instanceof AdminFailure) || this.#view === undefined) throw error;
      this.#view = { ...this.#view, problem: error.message };
    }
    return this.#view;
  }

  async #ask(): Promise<TopView> {
    const order = this.#order;
    const [status, streams] = await Promise.all([
      this.#client.request('GET', '/status').then((reply) => expectJson(reply) as StatusDocument),
      this.#client.request('GET', streamsQuery(order, STREAM_ROWS, '1s')),
    ]);
    this.#history.add(status);
    return {
      status,
      lately: this.#history.over(LATELY_SECONDS),
      remembered: this.#history.over(REMEMBERED_SECONDS),
      // An older instance does not tell of streams.
      streams: streams.status === 200 ? (JSON.parse(streams.body) as LiveStreams) : undefined,
      order: this.#order,
    };
  }
}
