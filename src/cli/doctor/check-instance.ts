/** Owns the checks of the instance that runs, by its own counters: workers, restarts, its limits, what it loses. */
import { counted } from '../../observability/status/format.js';
import { overloadStep } from '../../observability/status/overload-step.js';
import { ok, warning } from './finding.js';
import type { Finding } from './finding.js';

const SUBJECT = 'instance';
/** The overload ladder begins above this. */
const FULL = 0.8;
const RESOURCES = ['fds', 'memory', 'loop-delay'];

/** `metrics`: Prometheus text. `workers`: how many the configuration wants. */
export const checkInstance = (metrics: string, workers: number): readonly Finding[] => {
  const counters = new Counters(metrics);
  const ready = counters.sum('torus_workers', 'phase="ready"');
  const generation = counters.sum('torus_config_version');
  const replaced = counters.sum('torus_worker_restarts_total');
  const findings = [
    ...missing(ready, workers),
    ...overload(counters.most('torus_worker_overload_level')),
    ...RESOURCES.flatMap((name) =>
      pressure(name, counters.most('torus_worker_overload_pressure', `resource="${name}"`)),
    ),
    ...LOSSES.flatMap(([name, what, advice]) => lost(counters.sum(name), what, advice)),
  ];
  return [
    ok(
      SUBJECT,
      `runs configuration ${generation}: ${counted(ready, 'worker')} ready, ${replaced} replaced since its start`,
    ),
    ...findings,
  ];
};

const missing = (ready: number, workers: number): Finding[] =>
  ready >= workers
    ? []
    : [
        warning(
          SUBJECT,
          `${ready} of ${counted(workers, 'worker')} are ready`,
          'They start, crash, or the count has changed and needs a restart: look for "crashed" and "Worker" in the log.',
        ),
      ];

const overload = (level: number): Finding[] =>
  level > 0
    ? [
        warning(
          SUBJECT,
          `a worker is overloaded: step ${overloadStep(level) ?? level}`,
          'GET /overload of the admin API says of what.',
        ),
      ]
    : [];

const pressure = (resource: string, share: number): Finding[] =>
  share < FULL
    ? []
    : [
        warning(
          SUBJECT,
          `${resource} of a worker: ${Math.round(share * 100)}% in use`,
          'More workers or instances, a higher limit (LimitNOFILE, memory), or less load.',
        ),
      ];

const LOSSES: readonly (readonly [name: string, what: string, advice: string])[] = [
  [
    'torus_access_log_dropped_total',
    'lines of the access log were lost',
    'With log.access.file: look for "The access log cannot be" in the log, it says why. Without: whoever reads standard output is too slow; use log.access.file, or log.access.sample.',
  ],
  [
    'torus_scrape_workers_missing_total',
    'times a worker did not answer a scrape within a second',
    'Its event loop was blocked: look at torus_worker_event_loop_delay_seconds, and at its CPU.',
  ],
];

const lost = (count: number, what: string, advice: string): Finding[] =>
  count > 0 ? [warning(SUBJECT, `${count} ${what}`, advice)] : [];

/** The samples of a Prometheus text, by their family. */
class Counters {
  readonly #lines: readonly string[];

  constructor(text: string) {
    this.#lines = text.split('\n');
  }

  sum(name: string, label = ''): number {
    return this.#values(name, label).reduce((sum, value) => sum + value, 0);
  }

  /** 0 where there is none. */
  most(name: string, label = ''): number {
    return Math.max(0, ...this.#values(name, label));
  }

  #values(name: string, label: string): number[] {
    return this.#lines
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .filter((line) => line.includes(label))
      .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  }
}
