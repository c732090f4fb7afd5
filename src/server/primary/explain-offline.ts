/**
 * Owns the answer without an instance: a process of its own loads the data plane, compiles the snapshot as a worker would, answers one
 * question and ends. It binds nothing and connects to nothing.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { ConfigSnapshot } from '../../contracts/config.js';
import type { ExplainAnswer, ExplainQuestion } from '../../contracts/explanation.js';

/** A start with a cold disk, and a configuration of many thousand routes. */
const TIMEOUT_MS = 20_000;

/** `explainer` is the file that the process runs. Rejects when the process dies, or takes longer than 20 seconds. */
export const explainOffline = async (
  snapshot: ConfigSnapshot,
  question: ExplainQuestion,
  explainer: string,
): Promise<ExplainAnswer> => {
  const child = fork(explainer, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  try {
    return await answerOf(child, { snapshot, question });
  } finally {
    clearTimeout(timer);
    if (child.connected) child.disconnect();
  }
};

const answerOf = (child: ChildProcess, message: object): Promise<ExplainAnswer> =>
  new Promise((resolve, reject) => {
    child.once('message', (answer) => resolve(answer as ExplainAnswer));
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`the process that was to explain ended (${signal ?? `exit code ${String(code)}`})`)),
    );
    child.send(message, (error) => {
      if (error !== null) reject(error);
    });
  });
