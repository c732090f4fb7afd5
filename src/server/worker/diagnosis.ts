/** Owns what a worker finds out about itself on demand. Loads the inspector only then. */
import { setTimeout as delay } from 'node:timers/promises';
import { writeHeapSnapshot } from 'node:v8';
import { writePrivateFile } from '../../config/private-file.js';

/** Finer than Node's default of 1 ms would show the codec, and cost more than it shows. */
const SAMPLING_US = 500;

/** Records where the time goes for so long, into that file. One at a time. Rejects when that cannot be done. */
export const recordCpuProfile = async (file: string, durationMs: number): Promise<void> => {
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_US });
    await session.post('Profiler.start');
    await delay(durationMs);
    const { profile } = await session.post('Profiler.stop');
    await writePrivateFile(file, JSON.stringify(profile));
  } finally {
    session.disconnect();
  }
};

/** Writes everything that is in the heap into that file. The worker stands still meanwhile: about a second for 100 MB. */
export const recordHeap = (file: string): void => void writeHeapSnapshot(file);
