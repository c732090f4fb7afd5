/** Owns running one short program (a load generator) to its end and reading what it printed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: Readonly<Record<string, string>>, timeoutMs: number }} options
 * @returns {Promise<string>} standard output; throws when it fails or takes longer than `timeoutMs`
 */
export const runToEnd = async (command, args, { env = {}, timeoutMs }) => {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(command, args, {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  running.add(child);
  let output = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (complaints += text));
  try {
    const [code, signal] = await once(child, 'close');
    if (code !== 0) throw new Error(`${command} ended with ${code ?? signal}: ${complaints || output}`);
    return output;
  } finally {
    running.delete(child);
  }
};

/** For handlers of exit. */
export const killRunning = () => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
};
