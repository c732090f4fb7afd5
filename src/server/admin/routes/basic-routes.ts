/** Owns the routes that every instance has: is it alive, is it ready, what does it count. */
import { CONTENT_TYPES, expositionFor } from '../../../observability/exposition.js';
import type { Exposition } from '../../../observability/exposition.js';
import { problem, text } from '../admin-route.js';
import type { AdminAnswer, AdminRoute } from '../admin-route.js';

export interface BasicSources {
  /** undefined when requests can be served; otherwise why not. */
  unreadyReason(): string | undefined;
  /** As text. */
  metrics(format: Exposition): Promise<string>;
}

export const basicRoutes = (sources: BasicSources): AdminRoute[] => [
  {
    method: 'GET',
    path: '/livez',
    summary: 'the primary answers',
    access: 'probe',
    handle: () => text('ok\n'),
  },
  {
    method: 'GET',
    path: '/readyz',
    summary: 'requests can be served, or why not',
    access: 'probe',
    handle: () => readiness(sources.unreadyReason()),
  },
  {
    method: 'GET',
    path: '/metrics',
    summary: 'Prometheus text, or OpenMetrics where Accept names it',
    access: 'metrics',
    handle: async ({ accept }) => {
      const format = expositionFor(accept);
      return {
        status: 200,
        body: await sources.metrics(format),
        contentType: CONTENT_TYPES[format],
        fields: { vary: 'accept' },
      };
    },
  },
];

const readiness = (reason: string | undefined): AdminAnswer =>
  reason === undefined ? text('ready\n') : problem(503, reason, { 'retry-after': '1' });
