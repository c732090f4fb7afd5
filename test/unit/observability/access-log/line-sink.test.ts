import { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { bufferedStdout } from '../../../../src/observability/access-log/line-sink.js';

/** Stdout as seen from above: its reader takes nothing until `drain`. */
class SlowDestination extends EventEmitter {
  readonly waiting: (() => void)[] = [];

  flush(done: () => void): void {
    this.waiting.push(done);
  }

  flushSync(): void {}

  drain(): void {
    for (const done of this.waiting.splice(0)) done();
  }
}

describe('bufferedStdout', () => {
  it('asks a reader that does not read for one flush at a time', () => {
    jest.useFakeTimers();
    const destination = new SlowDestination();
    const made = jest
      .spyOn(pino, 'destination')
      .mockReturnValue(destination as unknown as ReturnType<typeof pino.destination>);
    const sink = bufferedStdout();
    jest.advanceTimersByTime(2000);
    expect(destination.waiting).toHaveLength(1);
    destination.drain();
    jest.advanceTimersByTime(200);
    expect(destination.waiting).toHaveLength(1);
    sink.close();
    made.mockRestore();
    jest.useRealTimers();
  });
});
