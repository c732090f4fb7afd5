/** Owns the routes of the live view: which exchanges run, and the end of one of them. */
import type { StreamQuery } from '../../../contracts/live-view.js';
import { json, problem } from '../admin-route.js';
import type { AdminAnswer, AdminRequest, AdminRoute } from '../admin-route.js';
import { streamQueryOf } from '../stream-query.js';

export interface StreamSources {
  readonly streams: (query: StreamQuery) => Promise<object>;
  /** Ends the exchanges with that id. */
  readonly killStream: (id: string) => Promise<{ readonly killed: number }>;
}

export const streamRoutes = ({ streams, killStream }: StreamSources): AdminRoute[] => {
  const kill = async ({ parameter }: AdminRequest): Promise<AdminAnswer> => {
    const outcome = await killStream(parameter);
    return outcome.killed > 0 ? json(outcome) : problem(404, `no exchange runs with the id ${parameter}`);
  };
  return [
    {
      method: 'GET',
      path: '/streams',
      summary: '[slow=1s route= client= phase= blocked= sort= limit= ...]: what runs now',
      handle: async ({ query }) => json(await streams(streamQueryOf(query))),
    },
    { method: 'DELETE', path: '/streams/:id', summary: 'ends one exchange', handle: kill },
    { method: 'POST', path: '/streams/:id/kill', summary: 'the same', handle: kill },
  ];
};
