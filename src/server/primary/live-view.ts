/** Owns the live view of the instance: what every worker says of its exchanges and connections, put together. */
import type { LiveExchange, StreamQuery } from '../../contracts/live-view.js';
import { ConnectionCensus, sumEndpoints, sumHeld } from '../../observability/connection-census.js';
import { StreamSelector } from '../../observability/stream-selection.js';
import type { Inquiry } from './inquiry.js';

/** An exchange, and who serves it. */
type LiveRow = LiveExchange & { readonly worker: number; readonly pid: number };

/** Clients that each worker tells of. More of them are counted, not named. */
const CLIENTS_PER_WORKER = 1000;

export class LiveView {
  readonly #inquiry: Inquiry;

  constructor(inquiry: Inquiry) {
    this.#inquiry = inquiry;
  }

  async streams(query: StreamQuery): Promise<object> {
    const { answers, missing } = await this.#inquiry.askAll('streams', query);
    const selector = new StreamSelector<LiveRow>(query);
    for (const { worker, pid, answer } of answers) {
      const streams = answer.streams.map(({ id, ...rest }) => ({ id, worker, pid, ...rest }));
      selector.add({ ...answer, streams });
    }
    const { total, matched, streams } = selector.selection();
    return { time: Date.now(), total, matched, missing, streams };
  }

  async kill(id: string): Promise<{ readonly killed: number; readonly missing: object }> {
    const { answers, missing } = await this.#inquiry.askAll('kill-stream', { id });
    return { killed: answers.reduce((sum, { answer }) => sum + answer, 0), missing };
  }

  async connections(clients: number): Promise<object> {
    const question = { maxClients: CLIENTS_PER_WORKER };
    const { answers, missing } = await this.#inquiry.askAll('connections', question);
    const census = new ConnectionCensus();
    for (const { answer } of answers) census.addWorker(answer);
    const found = census.result(clients);
    return {
      time: Date.now(),
      missing,
      downstream: {
        ...sumHeld(found.listeners),
        listeners: found.listeners,
        clients: found.clients,
        clientCount: found.clientCount,
        clientsComplete: answers.every(({ answer }) => answer.clients.length === answer.clientCount),
      },
      upstream: { ...sumEndpoints(found.endpoints), endpoints: found.endpoints },
    };
  }
}
