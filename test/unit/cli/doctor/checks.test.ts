/** The checks of `torus doctor` that a test cannot bring about on a real host: kernels, clocks and versions of any kind. */
import type { HostFacts } from '../../../../src/config/host-facts.js';
import { checkClock, checkFiles, checkKernel, checkMemory } from '../../../../src/cli/doctor/check-host.js';
import { checkInstance } from '../../../../src/cli/doctor/check-instance.js';
import { checkNode } from '../../../../src/cli/doctor/check-node.js';
import type { Finding } from '../../../../src/cli/doctor/finding.js';
import { renderFindings } from '../../../../src/cli/doctor/render.js';
import { runTasks } from '../../../../src/cli/doctor/task.js';

const HOST: HostFacts = {
  fileLimit: { soft: 65_536, hard: 65_536 },
  maxBacklog: 4096,
  maxSynBacklog: 4096,
  localPorts: { first: 32_768, last: 60_999 },
  migratesRequests: true,
  timeWait: 10,
  tracked: undefined,
  clockKeeper: 'chrony',
  installedMs: Date.UTC(2026, 0),
};
const NOW = Date.UTC(2026, 10, 21);
const brief = (findings: readonly Finding[]): string[] =>
  findings.map(({ level, message }) => `${level}: ${message}`);

describe('Node.js', () => {
  const check = (node: string): string => brief(checkNode({ node, openssl: '3.0.1' }, NOW))[0]!;
  it.each([
    ['20.19.0', 'problem: Node.js 20.19.0 is too old'],
    ['18.0.0', 'problem: Node.js 18.0.0 is too old'],
    ['20.20.2', 'warning: Node.js 20.20.2 gets no security fixes any more (since 2026-04-30)'],
    ['23.1.0', 'warning: Node.js 23.1.0 is of a line without long-term support'],
    ['24.3.0', 'ok: Node.js 24.3.0, maintained until 2028-04-30'],
    ['30.0.0', 'ok: Node.js 30.0.0'],
  ])('%s', (version, expected) => {
    expect(check(version)).toBe(expected);
  });

  it('that is too old is to be replaced by one that is maintained', () => {
    expect(checkNode({ node: '20.20.2', openssl: '3' }, NOW)[0]?.advice).toContain('(26)');
    expect(checkNode({ node: '20.20.2', openssl: '3' }, Date.UTC(2026, 4, 2))[0]?.advice).toContain('(24)');
  });

  it('that cannot reuse ports is said to', () => {
    expect(brief(checkNode({ node: '22.11.0', openssl: '3.0.1' }, NOW))[1]).toContain('22.12');
    expect(brief(checkNode({ node: '22.12.0', openssl: '3.0.1' }, NOW))[1]).toBe('ok: OpenSSL 3.0.1');
  });
});

describe('the kernel', () => {
  it.each([
    ['short accept queue', { maxBacklog: 128 }, 'net.core.somaxconn is 128'],
    ['short queue of handshakes', { maxSynBacklog: 128 }, 'tcp_max_syn_backlog is 128'],
    ['lack of ports', { timeWait: 20_000 }, '20000 connections are in TIME_WAIT, and there are 28232 ports'],
    ['full connection tracking', { tracked: { count: 9, max: 10 } }, 'tracks 9 of 10'],
  ])('with a %s is warned of', (_what, change, message) => {
    const [finding, ...rest] = checkKernel({ ...HOST, ...change });
    expect(finding).toMatchObject({ level: 'warning', message: expect.stringContaining(message) });
    expect(finding?.advice).toContain('sysctl -w');
    expect(rest).toEqual([]);
  });

  it('that is well, or tells nothing, is ok', () => {
    const silent = { ...HOST, maxBacklog: undefined, maxSynBacklog: undefined, localPorts: undefined };
    for (const host of [HOST, silent])
      expect(brief(checkKernel(host))).toEqual(['ok: queues, ports and connection tracking have room']);
  });
});

describe('limits', () => {
  it.each([
    [{ soft: 100, hard: 200 }, 'problem'],
    [{ soft: 1024, hard: 4096 }, 'warning'],
    [{ soft: 1024, hard: 65_536 }, 'ok'],
    [{ soft: Infinity, hard: Infinity }, 'ok'],
    [undefined, 'ok'],
  ])('of open files, %j: %s', (fileLimit, level) => {
    expect(checkFiles({ ...HOST, fileLimit })[0]?.level).toBe(level);
  });

  it('of memory count the cgroup, and the processes', () => {
    const mib = 1024 * 1024;
    expect(brief(checkMemory(0, 4096 * mib, 2))).toEqual(['ok: 4096 MiB for 2 workers and the primary']);
    expect(brief(checkMemory(2 ** 63, 4096 * mib, 2))[0]).toContain('ok: 4096 MiB for');
    const [low] = checkMemory(256 * mib, 4096 * mib, 4);
    expect(low).toMatchObject({ level: 'warning', advice: expect.stringContaining('480 MiB') });
    expect(low?.message).toContain('256 MiB (cgroup)');
  });
});

describe('the clock', () => {
  it('that is before the software was made is a problem', () => {
    expect(checkClock(HOST, Date.UTC(1970, 0, 1))[0]?.level).toBe('problem');
  });
  it('names what keeps it, where that can be seen', () => {
    expect(checkClock(HOST, NOW)[0]?.message).toContain('kept by chrony');
    expect(checkClock({ ...HOST, clockKeeper: undefined }, NOW)[0]).toMatchObject({ level: 'ok' });
  });
});

describe('the instance that runs', () => {
  const CALM = [
    'torus_workers{phase="starting"} 1',
    'torus_workers{phase="ready"} 2',
    'torus_config_version 7',
    'torus_worker_restarts_total 3',
    'torus_worker_overload_level{worker="1"} 0',
    'torus_worker_overload_pressure{worker="1",resource="fds"} 0.1',
    'torus_access_log_dropped_total 0',
  ];

  it('that is well is told in a line', () => {
    expect(brief(checkInstance(CALM.join('\n'), 2))).toEqual([
      'ok: runs configuration 7: 2 workers ready, 3 replaced since its start',
    ]);
  });

  it.each([
    ['torus_workers{phase="ready"} -1', '1 of 2 workers are ready'],
    ['torus_worker_overload_level{worker="2"} 3', 'a worker is overloaded: step shed'],
    ['torus_worker_overload_pressure{worker="2",resource="memory"} 0.91', 'memory of a worker: 91% in use'],
    ['torus_access_log_dropped_total 12', '12 lines of the access log were lost'],
    ['torus_scrape_workers_missing_total 2', '2 times a worker did not answer a scrape within a second'],
  ])('with %s is warned of', (line, message) => {
    const [, finding, ...rest] = checkInstance([...CALM, line].join('\n'), 2);
    expect(finding).toMatchObject({ level: 'warning', message, advice: expect.stringMatching(/.{20}/) });
    expect(rest).toEqual([]);
  });
});

describe('tasks', () => {
  const done = (subject: string): Finding => ({ subject, level: 'ok', message: 'done' });
  const hang = (): Promise<readonly Finding[]> => new Promise(() => undefined);

  it('are answered in their order, so many at once', async () => {
    let running = 0;
    let most = 0;
    const tasks = Array.from({ length: 20 }, (_, at) => ({
      subject: String(at),
      run: async () => {
        most = Math.max(most, (running += 1));
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return [done(String(at))];
      },
    }));
    const findings = await runTasks(tasks, { atOnce: 3, eachMs: 1_000, allMs: 1_000 });
    expect(findings.map(({ subject }) => Number(subject))).toEqual(tasks.map((_, at) => at));
    expect(most).toBe(3);
  });

  it('that take too long, throw, or find no time any more are findings too', async () => {
    let aborted = false;
    const findings = await runTasks(
      [
        { subject: 'broken', run: () => Promise.reject(new Error('odd')) },
        {
          subject: 'slow',
          run: (signal) => {
            signal.addEventListener('abort', () => (aborted = true));
            return hang();
          },
        },
        { subject: 'late', run: hang },
      ],
      { atOnce: 1, eachMs: 1_000, allMs: 60 },
    );
    expect(findings.map(({ subject, level }) => [subject, level])).toEqual([
      ['broken', 'problem'],
      ['slow', 'problem'],
      ['late', 'warning'],
    ]);
    expect(aborted).toBe(true);
  });
});

describe('findings', () => {
  it('are shown in columns, with what to do below, and a sum', () => {
    const lines = renderFindings([
      { subject: 'a', level: 'ok', message: 'good' },
      { subject: 'long', level: 'problem', message: 'bad', advice: 'Mend it.' },
    ]);
    expect(lines).toEqual([
      '✓ a     good',
      '✗ long  bad',
      '        → Mend it.',
      '',
      '1 problem, 0 warnings.',
    ]);
    expect(renderFindings([])).toEqual(['', 'All is well.']);
  });
});
