/** Owns every process the bench starts: none outlives it, whether it ends well, by an error or by a signal. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

const STOP_TIMEOUT_MS = 5_000;

/** @type {Set<Child>} */
const running = new Set();

/**
 * @typedef {object} Command
 * @property {string} name for messages
 * @property {string} command
 * @property {readonly string[]} args
 * @property {Readonly<Record<string, string>>} [env] on top of PATH and HOME only
 * @property {string} [cwd]
 * @property {string} logFile takes standard output and error: a file costs the measured machine no reader
 */

export class Child {
  /** @param {Command} command */
  constructor(command) {
    this.name = command.name;
    this.logFile = command.logFile;
    const log = openSync(command.logFile, 'a', 0o600);
    const { PATH = '', HOME = '' } = process.env;
    this.process = spawn(command.command, command.args, {
      cwd: command.cwd,
      env: { PATH, HOME, ...command.env },
      stdio: ['ignore', log, log],
      // A group of its own, so that nothing it forks can hide from killGroup.
      detached: true,
    });
    closeSync(log);
    running.add(this);
    this.exited = once(this.process, 'exit').catch((error) => {
      this.failure = error;
    });
  }

  get pid() {
    if (this.process.pid === undefined) throw new Error(`${this.name} could not be started`);
    return this.process.pid;
  }

  get alive() {
    return (
      this.process.pid !== undefined && this.process.exitCode === null && this.process.signalCode === null
    );
  }

  /** The last lines it wrote, for messages. */
  tail() {
    return readFileSync(this.logFile, 'utf8').trim().split('\n').slice(-8).join('\n');
  }

  killGroup() {
    try {
      if (this.process.pid !== undefined) process.kill(-this.process.pid, 'SIGKILL');
    } catch {
      // nothing is left
    }
  }

  /** Asks politely, then does not ask. */
  async stop() {
    if (this.alive) this.process.kill('SIGTERM');
    const timer = setTimeout(() => this.killGroup(), STOP_TIMEOUT_MS);
    await this.exited;
    clearTimeout(timer);
    this.killGroup();
    running.delete(this);
  }
}

/** SIGKILL to everything that is left; synchronous, for handlers of exit. */
export const killAllChildren = () => {
  for (const child of running) child.killGroup();
  running.clear();
};
