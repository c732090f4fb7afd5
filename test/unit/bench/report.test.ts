/** What the bench takes on its command line and what it prints. */
import { loadBenchModule } from './load-bench-module.js';

interface Verdict {
  readonly scenario: string;
  readonly kind: string;
  readonly measured: number | undefined;
}

const { parseOptions, selectScenarios } = loadBenchModule<{
  parseOptions(args: readonly string[]): Record<string, unknown>;
  selectScenarios(all: readonly { id: string }[], only: readonly string[]): readonly { id: string }[];
}>('options.mjs');
const { toMarkdown } = loadBenchModule<{ toMarkdown(result: object): string }>('report.mjs');
const { judgeTargets } = loadBenchModule<{ judgeTargets(scenarios: readonly object[]): Verdict[] }>(
  'targets.mjs',
);

const run = (cost: number, errors = 0) => ({
  ...{ cost, errors, perSecond: 1000, p50Us: 500, p99Us: 12_345, residentBytes: 2 ** 21 },
});
const newTls = {
  ...{ id: 'new-tls-full', title: 'new connections', unit: 'CPU us/connection', baseline: 'nginx' },
  subjects: [
    { name: 'nginx', tls: 'TLSv1.3 A', runs: [run(10), run(20), run(30)] },
    { name: 'Torus', tls: 'TLSv1.3 A', runs: [run(12, 3), { failed: 'its processes\nchanged' }, run(60)] },
  ],
};
const result = {
  machine: {
    ...{
      date: '2030-01-02T03:04:05.000Z',
      kernel: 'Linux',
      processor: 'cpu',
      cores: 2,
      memoryGiB: 4,
      loadBefore: 0.2,
    },
    tools: { wrk: '4.1' },
  },
  versions: { nginx: '1.22.1' },
  options: { rounds: 3, seconds: 5, only: [], peers: [], quick: false },
  scenarios: [newTls],
  notRun: ['Caddy: caddy is not installed'],
};

describe('the options of the bench', () => {
  it('are three rounds of five seconds, or one of one second when quick', () => {
    expect(parseOptions([])).toMatchObject({ rounds: 3, seconds: 5, only: [] });
    expect(parseOptions(['--quick'])).toMatchObject({ rounds: 1, seconds: 1 });
    expect(parseOptions(['--quick', '--seconds', '2'])).toMatchObject({ rounds: 1, seconds: 2 });
  });

  it('refuse what is no number and what nobody knows', () => {
    expect(() => parseOptions(['--rounds', '0'])).toThrow('--rounds takes a whole number');
    expect(() => parseOptions(['--fast'])).toThrow('--fast');
  });

  it('select scenarios by name or by prefix', () => {
    const all = ['small-http', 'small-https', 'jwt'].map((id) => ({ id }));
    expect(selectScenarios(all, ['jwt', 'small-*'])).toEqual(all);
    expect(selectScenarios(all, ['small-http'])).toEqual([{ id: 'small-http' }]);
    expect(() => selectScenarios(all, ['big'])).toThrow('no such scenario: big (there are small-http');
  });
});

describe('the report of the bench', () => {
  const text = toMarkdown(result);

  it('has one row for each proxy, with medians, ranges, and ratios taken within rounds', () => {
    expect(text).toContain('| nginx | 20.0 (10.0–30.0) | 1.00 | 1000 | 0.50 | 12.3 | 0 | 2.00 |');
    expect(text).toContain(
      '| Torus | 36.0 (12.0–60.0) | 1.60 (1.20–2.00) | 1000 | 0.50 | 12.3 | 3, failed | 2.00 |',
    );
  });

  it('says what did not run and why', () => {
    expect(text).toContain('- Caddy: caddy is not installed\n- new-tls-full, Torus: its processes changed');
  });

  it('says whether all spoke the same TLS', () => {
    expect(text).toContain('TLS, all alike: TLSv1.3 A.');
    const other = { ...newTls, subjects: [...newTls.subjects, { name: 'x', tls: 'TLSv1.2 B', runs: [] }] };
    expect(toMarkdown({ ...result, scenarios: [other] })).toContain('**TLS differs**');
  });

  it('warns of a machine that was busy already', () => {
    expect(text).not.toContain('busy');
    const machine = { ...result.machine, loadBefore: 1.5 };
    expect(toMarkdown({ ...result, machine })).toContain('busy before the bench began: load 1.50');
  });

  it('holds each target against what was measured', () => {
    expect(text).toContain('- **not met**: new-tls-full: Torus to nginx at most 1.3, measured 1.60');
    expect(text).toContain('- not measured: idle-tls: Torus, KiB a connection at most 30');
  });
});

describe('targets', () => {
  const jwt = {
    ...{ id: 'jwt', title: 'JWT', unit: 'CPU us/request', baseline: 'Torus, JWT off' },
    subjects: [
      { name: 'Torus, JWT off', runs: [run(20), run(30)] },
      { name: 'Torus, JWT on, same token again', runs: [run(20.5), run(31.5)] },
    ],
  };

  it('that are differences are taken within rounds', () => {
    const [verdict] = judgeTargets([jwt]).filter(({ scenario }) => scenario === 'jwt');
    expect(verdict).toMatchObject({ kind: 'difference', measured: 1 });
  });
});
