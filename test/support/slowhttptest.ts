/** slowhttptest (Debian has it), the tool that others measure slow attacks with: one attack at a time, ended with its test. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { within } from './until.js';

export type SlowAttack = 'head' | 'body' | 'read' | 'range';

const MODES: Readonly<Record<SlowAttack, string>> = { head: '-H', body: '-B', read: '-X', range: '-R' };

export interface SlowAttackOptions {
  readonly url: string;
  readonly connections: number;
  /** The tool stops then at the latest; earlier when every connection is closed. */
  readonly seconds: number;
  /** Further arguments, by mode. */
  readonly args?: readonly string[];
}

const hasSlowhttptest = (): boolean =>
  spawnSync('slowhttptest', ['-h'], { stdio: 'ignore' }).error === undefined;

/** For `describe`: skips where the tool is not installed, but never on CI, where a missing one must be seen. */
export const describeWithSlowhttptest = (title: string, body: () => void): void => {
  const run = hasSlowhttptest() || process.env['CI'] !== undefined ? describe : describe.skip;
  run(title, body);
};

/** Runs one attack to its end. Resolves with what the tool printed. */
export const slowAttack = async (attack: SlowAttack, options: SlowAttackOptions): Promise<string> => {
  if (!hasSlowhttptest())
    throw new Error('slowhttptest is not installed (Debian: apt-get install slowhttptest)');
  const { url, connections, seconds, args = [] } = options;
  const numbers = ['-c', String(connections), '-r', String(connections), '-l', String(seconds), '-i', '1'];
  const child = spawn('slowhttptest', [MODES[attack], '-u', url, ...numbers, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  try {
    await within(once(child, 'close'), (seconds + 10) * 1000, `slowhttptest to end\n${output}`);
    return output;
  } finally {
    child.kill('SIGKILL');
  }
};
