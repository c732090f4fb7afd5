/** Owns how a result is written for people: one table in Markdown, then the targets, then what could not be run. Pure. */
import { judgeTargets } from './targets.mjs';
import { summarise } from './summary.mjs';

/**
 * @typedef {object} BenchResult as in the JSON file
 * @property {ReturnType<typeof import('./measure/machine.mjs').describeMachine>} machine
 * @property {Record<string, string>} versions of the peers found
 * @property {{ rounds: number, seconds: number, only: readonly string[], peers: readonly string[], quick: boolean }} options
 * @property {import('./run-scenario.mjs').ScenarioResult[]} scenarios
 * @property {string[]} notRun with the reason
 */

const NOTHING = '–';

/** Three digits that matter. @param {number} value */
export const formatNumber = (value) => {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
};

/** @param {import('./measure/statistics.mjs').Spread | undefined} value */
export const formatSpread = (value) => {
  if (value === undefined) return NOTHING;
  const { median, min, max } = value;
  const range = min === max ? '' : ` (${formatNumber(min)}–${formatNumber(max)})`;
  return `${formatNumber(median)}${range}`;
};

/** @param {number | undefined} value @param {number} divisor */
const scaled = (value, divisor) => (value === undefined ? NOTHING : formatNumber(value / divisor));

/** @param {readonly string[]} cells */
const row = (cells) => `| ${cells.join(' | ')} |`;

/** @param {import('./run-scenario.mjs').ScenarioResult} scenario */
const scenarioRows = (scenario) =>
  summarise(scenario).map((subject, at) =>
    row([
      at === 0
        ? `**${scenario.id}**: ${scenario.title}; ${scenario.unit}, ratio to ${scenario.baseline}`
        : '',
      subject.name,
      formatSpread(subject.cost),
      formatSpread(subject.ratio),
      subject.perSecond === undefined ? NOTHING : subject.perSecond.toFixed(0),
      scaled(subject.p50Us, 1000),
      scaled(subject.p99Us, 1000),
      subject.failed === undefined ? `${subject.errors}` : `${subject.errors}, failed`,
      scaled(subject.residentBytes, 2 ** 20),
    ]),
  );

/** @param {BenchResult} result */
const table = ({ scenarios }) => [
  row(['Scenario', 'Proxy', 'Cost', 'Ratio', 'Requests/s', 'p50 ms', 'p99 ms', 'Errors', 'RSS MiB']),
  row(['---', '---', '--:', '--:', '--:', '--:', '--:', '--:', '--:']),
  ...scenarios.flatMap(scenarioRows),
];

/** @param {import('./targets.mjs').Verdict} verdict */
const verdictLine = ({ text, atMost, measured }) =>
  measured === undefined
    ? `- not measured: ${text} at most ${atMost}`
    : `- ${measured <= atMost ? 'met' : '**not met**'}: ${text} at most ${atMost}, measured ${formatNumber(measured)}`;

/** @param {BenchResult} result @returns {string[]} scenarios and peers that failed, with the reason */
const failures = ({ scenarios }) =>
  scenarios.flatMap((scenario) =>
    summarise(scenario).flatMap(({ name, failed }) =>
      failed === undefined
        ? []
        : [`${scenario.id}, ${name}: ${failed.replaceAll(/\s+/g, ' ').slice(0, 400)}`],
    ),
  );

/** TLS is only comparable when all agreed on the same. @param {BenchResult} result */
const tlsLine = ({ scenarios }) => {
  const agreed = scenarios.flatMap(({ subjects }) => subjects.flatMap(({ tls }) => tls ?? []));
  const distinct = [...new Set(agreed)];
  if (distinct.length === 0) return [];
  return [
    distinct.length === 1 ? `TLS, all alike: ${distinct[0]}.` : `**TLS differs**: ${distinct.join('; ')}.`,
  ];
};

/** @param {BenchResult['machine']} machine */
const busyLine = ({ loadBefore, cores }) =>
  loadBefore > cores / 2
    ? [`**The machine was busy before the bench began: load ${formatNumber(loadBefore)}.**`]
    : [];

/** @param {Record<string, string>} versions */
const versionList = (versions) =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');

/** @param {BenchResult} result @returns {string} Markdown */
export const toMarkdown = (result) => {
  const { machine, options, versions } = result;
  const notRun = [...result.notRun, ...failures(result)];
  return [
    `Measured ${machine.date.slice(0, 10)} on ${machine.cores} cores (${machine.processor}, ${machine.memoryGiB} GiB), ${machine.kernel}.`,
    `${versionList(versions)}; ${versionList(machine.tools)}.`,
    ...busyLine(machine),
    ...tlsLine(result),
    `One worker each; ${options.rounds} interleaved rounds of ${options.seconds} s; median (min–max). Cost and RSS are of all processes of a proxy.`,
    ...(options.quick ? ['**A quick run: it shows that everything works, and measures nothing.**'] : []),
    '',
    ...table(result),
    '',
    'Targets:',
    '',
    ...judgeTargets(result.scenarios).map(verdictLine),
    '',
    'Not run:',
    '',
    ...notRun.map((line) => `- ${line}`),
    '',
  ].join('\n');
};
