/** The JSON log lines of a running Torus, as they arrive. */
import type { Readable } from 'node:stream';

export interface LogLine {
  readonly msg: string;
  readonly level?: number;
  readonly [key: string]: unknown;
}

interface Waiter {
  readonly matches: (line: LogLine) => boolean;
  readonly resolve: (line: LogLine) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** A line that is no JSON (a crash, a usage text) becomes `{ msg: line, raw: true }`. */
const parseLine = (line: string): LogLine => {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return { msg: '', ...value };
  } catch {
    // not JSON
  }
  return { msg: line, raw: true };
};

export class TorusLog {
  readonly lines: LogLine[] = [];
  private readonly waiters = new Set<Waiter>();

  follow(stream: Readable): void {
    let partial = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const parts = (partial + text).split('\n');
      partial = parts.pop() ?? '';
      for (const part of parts) if (part !== '') this.add(parseLine(part));
    });
    stream.on('end', () => {
      if (partial !== '') this.add(parseLine(partial));
    });
  }

  /** The first line, past or future, for which `matches` holds. Rejects after `timeoutMs` with the last lines. */
  waitFor(matches: string | RegExp | ((line: LogLine) => boolean), timeoutMs = 10_000): Promise<LogLine> {
    const test = toPredicate(matches);
    const known = this.lines.find(test);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters.delete(waiter);
        reject(
          new Error(`no log line ${String(matches)} within ${String(timeoutMs)} ms; last:\n${this.tail()}`),
        );
      }, timeoutMs);
      const waiter = { matches: test, resolve, reject, timer };
      this.waiters.add(waiter);
    });
  }

  /** Nothing will come any more. */
  close(why: string): void {
    for (const { reject, timer } of this.waiters) {
      clearTimeout(timer);
      reject(new Error(`${why}; last:\n${this.tail()}`));
    }
    this.waiters.clear();
  }

  /** The last lines, for messages. */
  tail(count = 20): string {
    return this.lines
      .slice(-count)
      .map((line) => (line['raw'] === true ? line.msg : JSON.stringify(line)))
      .join('\n');
  }

  private add(line: LogLine): void {
    this.lines.push(line);
    for (const waiter of this.waiters) {
      if (!waiter.matches(line)) continue;
      clearTimeout(waiter.timer);
      this.waiters.delete(waiter);
      waiter.resolve(line);
    }
  }
}

const toPredicate = (
  matches: string | RegExp | ((line: LogLine) => boolean),
): ((line: LogLine) => boolean) => {
  if (typeof matches === 'function') return matches;
  if (typeof matches === 'string') return ({ msg }) => msg.includes(matches);
  return ({ msg }) => matches.test(msg);
};
