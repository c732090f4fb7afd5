/** What the bench reads from wrk and /proc, and the arithmetic on it. */
import { loadBenchModule } from './load-bench-module.js';

interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Us: number | undefined;
  readonly p99Us: number | undefined;
  readonly errors: number;
}
interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}
type Values = readonly (number | undefined)[];

const { parseWrk, parseDurationUs } = loadBenchModule<{
  parseWrk(text: string): LoadResult;
  parseDurationUs(text: string): number;
}>('measure/wrk-output.mjs');
const { parseH2load } = loadBenchModule<{ parseH2load(text: string): LoadResult }>(
  'measure/h2load-output.mjs',
);
const { parseStatTicks } = loadBenchModule<{ parseStatTicks(text: string): number }>('measure/cpu.mjs');
const { parseResidentBytes } = loadBenchModule<{ parseResidentBytes(text: string): number }>(
  'measure/resident-memory.mjs',
);
const { median, percentile, ratioSpread } = loadBenchModule<{
  median(values: readonly number[]): number;
  percentile(values: readonly number[], percent: number): number;
  ratioSpread(values: Values, baseline: Values): Spread | undefined;
}>('measure/statistics.mjs');

const REPORT = `Running 2s test @ https://localhost:8443/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.90ms    2.39ms  40.13ms   91.05%
    Req/Sec    21.71k     3.01k   25.43k    71.43%
  Latency Distribution
     50%    1.25ms
     75%    2.02ms
     90%  990.00us
     99%    1.10s
  45400 requests in 2.00s, 9.09MB read
`;

const H2_REPORT = `Application protocol: h2
finished in 2.00s, 4000.00 req/s, 265.88KB/s
requests: 8027 total, 8028 started, 8027 done, 8000 succeeded, 27 failed, 27 errored, 0 timeout
status codes: 8000 2xx, 0 3xx, 0 4xx, 0 5xx
`;

describe('the report of h2load', () => {
  it('gives requests, rate and failures', () => {
    expect(parseH2load(H2_REPORT)).toMatchObject({
      requests: 8027,
      seconds: 2,
      perSecond: 4013.5,
      errors: 27,
    });
  });

  it('is refused when it is about another protocol', () => {
    expect(() => parseH2load(H2_REPORT.replace('h2\n', 'http/1.1\n'))).toThrow('not h2');
  });

  it('is refused when it is no report', () => {
    expect(() => parseH2load('Application protocol: h2\n')).toThrow('not a report');
  });
});

describe('the report of wrk', () => {
  it('gives requests, rate and percentiles in microseconds', () => {
    expect(parseWrk(REPORT)).toEqual({
      requests: 45400,
      seconds: 2,
      perSecond: 22700,
      p50Us: 1250,
      p99Us: 1_100_000,
      errors: 0,
    });
  });

  it('counts socket errors and bad statuses alike', () => {
    const troubled = `${REPORT}  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 90\n`;
    expect(parseWrk(troubled).errors).toBe(100);
  });

  it('has no percentiles when nothing was answered', () => {
    expect(parseWrk('  0 requests in 1.00m, 0.00B read')).toMatchObject({
      requests: 0,
      seconds: 60,
      p50Us: undefined,
    });
  });

  it('is refused when it is something else', () => {
    expect(() => parseWrk('unable to connect')).toThrow('not a report of wrk');
    expect(() => parseDurationUs('12 parsecs')).toThrow('not a duration');
  });
});

describe('the facts of a process', () => {
  it('are user plus system ticks, whatever the program is called', () => {
    const stat = '4711 (a) R (x) S 1 4711 4711 0 -1 4194304 101 0 0 0 250 17 0 0 20 0 1 0 397064 3133440 378';
    expect(parseStatTicks(stat)).toBe(267);
  });

  it('are refused when the line is cut', () => {
    expect(() => parseStatTicks('4711 (node) S 1 2')).toThrow('not a stat line');
  });

  it('tell resident memory in bytes, and a zombie has none', () => {
    expect(parseResidentBytes('Name:\tnode\nVmRSS:\t   2048 kB\nThreads:\t1\n')).toBe(2 * 2 ** 20);
    expect(() => parseResidentBytes('Name:\tnode\n')).toThrow('without resident memory');
  });
});

describe('statistics', () => {
  it('take the middle, or the mean of the two in the middle', () => {
    expect(median([10, 9, 100])).toBe(10);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow();
  });

  it('take percentiles by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
    expect([50, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([50, 99, 100]);
    expect(percentile([7], 1)).toBe(7);
  });

  it('compare within a round, and leave out rounds that lack one of the two', () => {
    expect(ratioSpread([20, 60, undefined, 12], [10, 20, 30, 10])).toEqual({ median: 2, min: 1.2, max: 3 });
    expect(ratioSpread([20], [undefined])).toBeUndefined();
  });
});
