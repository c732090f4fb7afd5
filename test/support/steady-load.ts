/** Clients that ask again and again over kept-alive connections, as load balancers do, and note how each request ended. */
import { rawClient, requestHead, type RawClient } from './raw-client.js';
import type { ReadResponse } from './response-reader.js';

export interface LoadOptions {
  readonly port: number;
  readonly clients: number;
  readonly target?: string;
}

export interface LoadOutcome {
  /** The connection could be made. */
  readonly connected: boolean;
  /** The connection had served a request before: an empty end is a race that a client may try again. */
  readonly reused: boolean;
  readonly response: ReadResponse | undefined;
  /** How many outcomes there were when it was asked. */
  readonly askedAfter: number;
}

export interface SteadyLoad {
  readonly outcomes: readonly LoadOutcome[];
  /** Lets each client finish its request, and resolves with everything that happened. */
  stop(): Promise<readonly LoadOutcome[]>;
}

/** A response that its own framing called complete. */
export const isAnswered = ({ response }: LoadOutcome): boolean =>
  response?.status === 200 && response.end === 'complete';

export const startLoad = ({ port, clients, target = '/' }: LoadOptions): SteadyLoad => {
  const outcomes: LoadOutcome[] = [];
  let running = true;

  const askUntilClosed = async (client: RawClient): Promise<void> => {
    for (let reused = false; running; reused = true) {
      const askedAfter = outcomes.length;
      const response = await client.exchange(requestHead(`GET ${target}`));
      outcomes.push({ connected: true, reused, response, askedAfter });
      if (response.end !== 'complete' || response.field('connection') === 'close') return;
    }
  };
  const runClient = async (): Promise<void> => {
    while (running) {
      const askedAfter = outcomes.length;
      const client = await rawClient({ port }).catch(() => undefined);
      if (client === undefined)
        outcomes.push({ connected: false, reused: false, response: undefined, askedAfter });
      else await askUntilClosed(client).finally(() => client.close());
    }
  };
  const finished = Array.from({ length: clients }, runClient);
  return {
    outcomes,
    stop: async () => {
      running = false;
      await Promise.all(finished);
      return outcomes;
    },
  };
};
