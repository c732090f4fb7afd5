import { FollowedFile } from '../../../../src/observability/access-log/followed-file.js';
import { LogTrouble } from '../../../../src/observability/access-log/log-trouble.js';
import { failure, MemoryOutput } from './memory-output.js';

const PATH = '/var/log/access.log';

describe('a log file that is followed', () => {
  let output: MemoryOutput;
  let told: (readonly [string, object])[];
  let file: FollowedFile;

  beforeEach(async () => {
    jest.useFakeTimers();
    output = new MemoryOutput();
    told = [];
    output.opens = there;
    const say = (facts: object, words: string): void => void told.push([words, facts]);
    file = new FollowedFile(PATH, output, new LogTrouble({ error: say, info: say } as never, PATH));
    await jest.advanceTimersByTimeAsync(0);
  });

  afterEach(() => {
    file.close();
    jest.useRealTimers();
  });

  let nextFd = 10;
  const there = (path: string): number => {
    nextFd += 1;
    output.paths.set(path, nextFd);
    return nextFd;
  };
  const gone = (): never => {
    throw failure('ENOENT');
  };
  const opened = (): number => output.paths.get(PATH) ?? -1;

  it('goes on in a new file when its own has gone, and closes that once', async () => {
    const first = opened();
    output.paths.delete(PATH);
    await jest.advanceTimersByTimeAsync(1000);
    expect(opened()).toBe(first + 1);
    await jest.advanceTimersByTimeAsync(5000);
    expect([opened(), output.closed, told]).toEqual([first + 1, [first], []]);
  });

  it('goes on in its own while there is no other, and tells of that once', async () => {
    const first = opened();
    output.paths.delete(PATH);
    output.opens = gone;
    await jest.advanceTimersByTimeAsync(5000);
    file.write('a\n');
    await jest.advanceTimersByTimeAsync(1000);
    expect(output.texts.get(first)).toBe('a\n');
    expect(told).toEqual([
      [
        'The access log cannot be opened: lines go on to the file that was there, or are held',
        { path: PATH, code: 'ENOENT', reason: 'ENOENT: no' },
      ],
    ]);
    output.opens = there;
    await jest.advanceTimersByTimeAsync(5000);
    expect(told.slice(1)).toEqual([['The access log is open again', { path: PATH, lost: 0 }]]);
    expect([output.closed, file.dropped]).toEqual([[first], 0]);
  });

  it('tells once that it cannot be written, and once that it is again', async () => {
    output.broken = failure('ENOSPC');
    file.write('a\n');
    await jest.advanceTimersByTimeAsync(5000);
    expect(told).toEqual([
      [
        'The access log cannot be written: lines are held, and lost when there are too many',
        { path: PATH, code: 'ENOSPC', reason: 'ENOSPC: no' },
      ],
    ]);
    output.broken = undefined;
    await jest.advanceTimersByTimeAsync(1000);
    expect(told.slice(1)).toEqual([['The access log is written again', { path: PATH, lost: 0 }]]);
    expect([output.texts.get(opened()), file.dropped]).toEqual(['a\n', 0]);
  });

  it('holds its lines while nothing could be opened yet', async () => {
    file.close();
    output.opens = gone;
    file = new FollowedFile(
      '/late',
      output,
      new LogTrouble({ error: () => 0, info: () => 0 } as never, PATH),
    );
    file.write('a\n');
    await jest.advanceTimersByTimeAsync(3000);
    output.opens = there;
    await jest.advanceTimersByTimeAsync(1000);
    expect(output.texts.get(output.paths.get('/late') ?? -1)).toBe('a\n');
  });

  it('tells what was lost with it', () => {
    output.broken = failure('EIO');
    file.write('a\n');
    file.write('b\n');
    file.close();
    expect(file.dropped).toBe(2);
    expect(told).toEqual([
      ['Lines of the access log were lost when the worker ended', { path: PATH, lost: 2 }],
    ]);
  });

  it('closes a file that is opened after the end', async () => {
    output.paths.delete(PATH);
    const first = nextFd;
    jest.advanceTimersByTime(1000);
    file.close();
    await jest.advanceTimersByTimeAsync(0);
    expect(output.closed).toEqual([first, first + 1]);
  });
});
