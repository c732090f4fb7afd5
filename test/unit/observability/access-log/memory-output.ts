/** A file system in memory whose writes take as long, and go as wrong, as a test says. */
import type { LogOutput } from '../../../../src/contracts/log-output.js';

export const failure = (code: string): Error => Object.assign(new Error(`${code}: no`), { code });

export class MemoryOutput implements LogOutput {
  /** What each descriptor was given. */
  readonly texts = new Map<number, string>();
  readonly closed: number[] = [];
  /** Descriptor that a path leads to. */
  readonly paths = new Map<string, number>();
  /** Writes that wait for `answer`. */
  readonly waiting: (() => void)[] = [];
  /** Every write fails with it. */
  broken: Error | undefined;
  opens: (path: string) => number = () => 7;
  /** Bytes taken by one write. */
  takes = Infinity;
  isSlow = false;
  attempts = 0;
  private isAnswering = false;

  open(path: string): Promise<number> {
    return new Promise((resolve) => resolve(this.opens(path)));
  }

  isSameFile(path: string, fd: number): Promise<boolean> {
    return Promise.resolve(this.paths.get(path) === fd);
  }

  write(fd: number, bytes: Uint8Array, done: (error: Error | null, count: number) => void): void {
    const finish = (): void => {
      try {
        done(null, this.writeNow(fd, bytes));
      } catch (error) {
        done(error as Error, 0);
      }
    };
    this.waiting.push(finish);
    if (!this.isSlow) this.answer();
  }

  writeNow(fd: number, bytes: Uint8Array): number {
    this.attempts += 1;
    if (this.broken !== undefined) throw this.broken;
    const taken = bytes.subarray(0, this.takes);
    this.texts.set(fd, (this.texts.get(fd) ?? '') + Buffer.from(taken).toString());
    return taken.length;
  }

  close(fd: number): void {
    this.closed.push(fd);
  }

  /** One write leads to the next: they are answered one after the other, not one within the other. */
  answer(): void {
    if (this.isAnswering) return;
    this.isAnswering = true;
    for (let finish = this.waiting.shift(); finish !== undefined; finish = this.waiting.shift()) finish();
    this.isAnswering = false;
  }
}
