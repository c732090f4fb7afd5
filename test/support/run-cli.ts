/** Runs a command of `torus` to its end, as a person at a terminal would, without blocking what it talks to. */
import { spawn } from 'node:child_process';
import { ENTRY } from './start-torus.js';
import { makeTempDir } from './temp-dir.js';

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd?: string;
  /** On top of PATH only. */
  readonly env?: Readonly<Record<string, string>>;
}

export const runCli = (
  args: readonly string[],
  { cwd = makeTempDir('cli'), env = {} }: CliOptions = {},
): Promise<CliResult> =>
  new Promise((resolve, reject) => {
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, [ENTRY, ...args], {
      cwd,
      env: { PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
