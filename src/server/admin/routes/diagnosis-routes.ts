/** Owns the routes that look into one worker: where its time goes, and what its heap holds. */
import type { Readable } from 'node:stream';
import { numberIn, refuseUnknown, workerIn } from '../admin-route.js';
import type { AdminAnswer, AdminRoute } from '../admin-route.js';

export interface DiagnosisSources {
  /** Throw an `AdminProblem` where there is no such worker, or it is busy with another one. */
  readonly cpuProfile: (worker: number, durationMs: number) => Promise<Recording>;
  readonly heapSnapshot: (worker: number) => Promise<Recording>;
}

export interface Recording {
  readonly name: string;
  readonly content: Readable;
}

const LONGEST_S = 60;

export const diagnosisRoutes = ({ cpuProfile, heapSnapshot }: DiagnosisSources): AdminRoute[] => [
  {
    method: 'POST',
    path: '/cpu-profile',
    summary: '[worker=1] [seconds=10] where the time of a worker goes, for the DevTools of a browser',
    handle: async ({ query }) => {
      refuseUnknown(query, ['worker', 'seconds']);
      const seconds = numberIn(query, 'seconds', { fallback: 10, min: 1, max: LONGEST_S });
      return download(await cpuProfile(workerIn(query, 1), seconds * 1000));
    },
  },
  {
    method: 'POST',
    path: '/heap-snapshot',
    summary: '[worker=1] what is in the heap of a worker, secrets included; it stands still meanwhile',
    handle: async ({ query }) => {
      refuseUnknown(query, ['worker']);
      return download(await heapSnapshot(workerIn(query, 1)));
    },
  },
];

const download = ({ name, content }: Recording): AdminAnswer => ({
  status: 200,
  body: content,
  contentType: 'application/json',
  fields: { 'content-disposition': `attachment; filename="${name}"` },
});
