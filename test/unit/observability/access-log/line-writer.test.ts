import { MAX_HELD_BYTES } from '../../../../src/observability/access-log/held-lines.js';
import { LineWriter } from '../../../../src/observability/access-log/line-writer.js';
import { failure, MemoryOutput } from './memory-output.js';

const FD = 5;
const LONG = `${'x'.repeat(1023)}\n`;

describe('a line writer', () => {
  let output: MemoryOutput;
  let failed: string[];
  let writer: LineWriter;

  beforeEach(() => {
    jest.useFakeTimers();
    output = new MemoryOutput();
    failed = [];
    writer = new LineWriter({
      output,
      fd: FD,
      onFailed: (error) => void failed.push(error.message),
      onWritten: () => undefined,
    });
  });

  afterEach(() => {
    writer.close();
    jest.useRealTimers();
  });

  const written = (): string => output.texts.get(FD) ?? '';

  it('writes a few lines in time, and many at once', () => {
    writer.write('a\n');
    expect(written()).toBe('');
    jest.advanceTimersByTime(100);
    expect(written()).toBe('a\n');
    for (let each = 0; each < 3; each += 1) writer.write(LONG);
    expect(written()).toBe(`a\n${LONG.repeat(3)}`);
  });

  it('asks nothing of the system while there is nothing to write', () => {
    jest.advanceTimersByTime(5000);
    expect(output.attempts).toBe(0);
  });

  it('has one write under way, however slow it is', () => {
    output.isSlow = true;
    for (let each = 0; each < 20; each += 1) writer.write(LONG);
    jest.advanceTimersByTime(2000);
    expect(output.waiting).toHaveLength(1);
  });

  it('never parts a line between writes, nor takes longer ones apart', () => {
    const pieces: number[] = [];
    const spy = jest.spyOn(output, 'writeNow');
    for (const length of [3000, 1000, 500, 9000, 10]) writer.write(`${'y'.repeat(length - 1)}\n`);
    jest.advanceTimersByTime(100);
    for (const [, bytes] of spy.mock.calls) pieces.push(bytes.length);
    expect(pieces).toEqual([4000, 500, 9000, 10]);
  });

  it('goes on where a write took a part', () => {
    output.takes = 3;
    writer.write('abcdefgh\n');
    jest.advanceTimersByTime(100);
    expect(written()).toBe('abcdefgh\n');
  });

  it('keeps its lines when a write fails, and writes them when it is possible again', () => {
    output.broken = failure('ENOSPC');
    for (let each = 0; each < 50; each += 1) writer.write(LONG);
    jest.advanceTimersByTime(1000);
    expect(failed.length).toBeLessThanOrEqual(11);
    expect(writer.dropped).toBe(0);
    output.broken = undefined;
    jest.advanceTimersByTime(100);
    expect(written()).toBe(LONG.repeat(50));
    expect(writer.dropped).toBe(0);
  });

  it('loses what there is no place for, line by line', () => {
    output.broken = failure('ENOSPC');
    const count = MAX_HELD_BYTES / LONG.length;
    for (let each = 0; each < count + 10; each += 1) writer.write(LONG);
    // The three that the first write is about are not held any more.
    expect(writer.dropped).toBe(7);
    output.broken = undefined;
    jest.advanceTimersByTime(100);
    expect(written().length / LONG.length + writer.dropped).toBe(count + 10);
  });

  it('takes a reader that is slow for no failure', () => {
    output.broken = failure('EAGAIN');
    writer.write('a\n');
    jest.advanceTimersByTime(1000);
    expect(failed).toEqual([]);
  });

  it('closes what it wrote to, once, when it is sent elsewhere', () => {
    output.isSlow = true;
    writer.write('a\n');
    jest.advanceTimersByTime(100);
    writer.switchTo(6);
    expect(output.closed).toEqual([]);
    expect(writer.fd).toBe(6);
    output.answer();
    expect(output.closed).toEqual([FD]);
    writer.write('b\n');
    jest.advanceTimersByTime(100);
    output.answer();
    expect([written(), output.texts.get(6)]).toEqual(['a\n', 'b\n']);
  });

  it('tells when all is flushed', async () => {
    output.isSlow = true;
    writer.write('a\n');
    const flushed = writer.flush();
    output.answer();
    await flushed;
    expect(written()).toBe('a\n');
  });

  it('writes the rest when it is closed, and counts what comes after', () => {
    writer.write('a\n');
    writer.close();
    expect([written(), writer.dropped, output.closed]).toEqual(['a\n', 0, [FD]]);
    writer.write('b\n');
    expect(writer.dropped).toBe(1);
  });

  it('ends where nothing can be written any more, and counts what is lost', () => {
    output.broken = failure('ENOSPC');
    for (let each = 0; each < 50; each += 1) writer.write(LONG);
    writer.close();
    expect(writer.dropped).toBe(50);
  });

  it('does not wait at its end for a reader that a flush has waited for in vain', async () => {
    output.isSlow = true;
    writer.write('a\n');
    const flushed = writer.flush();
    writer.write('b\n');
    jest.advanceTimersByTime(500);
    await flushed;
    writer.close();
    expect(output.attempts).toBe(0);
    expect(writer.dropped).toBe(1);
    output.answer();
    expect([written(), writer.dropped, output.closed]).toEqual(['a\n', 1, [FD]]);
  });
});
