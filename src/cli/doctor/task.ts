/** Owns how checks are run: so many at once, each within its time, and all of them within theirs. */
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../errors/message-of.js';
import type { Finding } from './finding.js';
import { problem, warning } from './finding.js';

export interface Task {
  readonly subject: string;
  /** Late answers are dropped; what was opened for them must give up by itself once `signal` aborts. */
  run(signal: AbortSignal): readonly Finding[] | Promise<readonly Finding[]>;
}

export interface TaskLimits {
  readonly atOnce: number;
  readonly eachMs: number;
  readonly allMs: number;
}

/** With less time left there is no use in beginning. */
const LEAST_MS = 10;

/** Findings in the order of the tasks, whichever ends first. Never rejects. */
export const runTasks = async (tasks: readonly Task[], limits: TaskLimits): Promise<readonly Finding[]> => {
  const endAtMs = performance.now() + limits.allMs;
  const findings: (readonly Finding[])[] = tasks.map(() => []);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < tasks.length; at = next++) {
      const task = tasks[at];
      if (task !== undefined)
        findings[at] = await runTask(task, Math.min(limits.eachMs, endAtMs - performance.now()));
    }
  };
  await Promise.all(Array.from({ length: limits.atOnce }, work));
  return findings.flat();
};

const runTask = async (task: Task, limitMs: number): Promise<readonly Finding[]> => {
  if (limitMs < LEAST_MS)
    return [
      warning(
        task.subject,
        'was not looked at: the time was up',
        'Run torus doctor again once the rest is in order.',
      ),
    ];
  const late = new AbortController();
  try {
    return await Promise.race([task.run(late.signal), timeUp(task, limitMs, late.signal)]);
  } catch (error) {
    const reason = messageOf(error);
    return [
      problem(
        task.subject,
        `could not be looked at: ${reason}`,
        'Look at the message: it is not an expected one.',
      ),
    ];
  } finally {
    late.abort();
  }
};

const timeUp = async (
  { subject }: Task,
  limitMs: number,
  signal: AbortSignal,
): Promise<readonly Finding[]> => {
  try {
    await delay(limitMs, undefined, { signal });
  } catch {
    // The check was quicker.
    return [];
  }
  const took = `${(limitMs / 1000).toFixed(1)} s`;
  return [
    problem(
      subject,
      `no answer within ${took}`,
      'Something drops the packets, or is overloaded: look at the network in between.',
    ),
  ];
};
