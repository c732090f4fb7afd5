/** Owns an explanation as a person reads it in a terminal: the answer first, then what led to it. */
import type {
  ExplainedCandidate,
  ExplainedEndpoint,
  ExplainedFilter,
  ExplainedSetting,
  ExplainedUpstream,
  Explanation,
} from '../contracts/explanation.js';

/** The first line is the answer. Blank lines part the sections. */
export const explanationLines = (explanation: Explanation): readonly string[] => [
  explanation.verdict.summary,
  ...section('request', requestRows(explanation)),
  ...section('before the routes', checkRows(explanation)),
  ...section(routesTitle(explanation), routeRows(explanation)),
  ...section('filters', filterRows(explanation)),
  ...section('split', splitRows(explanation)),
  ...explanation.upstreams.flatMap((upstream) =>
    section(upstreamTitle(upstream), upstreamRows(upstream, explanation.live)),
  ),
  ...section('sends', forwardRows(explanation)),
  ...section('retries', retryRows(explanation)),
  ...section('timeouts', settingRows(explanation, 'timeouts')),
  ...section('limits', settingRows(explanation, 'limits')),
];

type Row = readonly string[];

const INDENT = '  ';

/** Columns as wide as their longest cell; nothing at all for no rows. */
const section = (title: string, rows: readonly Row[]): readonly string[] => {
  if (rows.length === 0) return [];
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries())
      // The last cell of a row is as long as it likes.
      if (at < row.length - 1) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  const lines = rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '));
  return ['', title, ...lines.map((line) => `${INDENT}${line}`.trimEnd())];
};

const requestRows = ({ request, assumed, live, answeredBy, configVersion }: Explanation): readonly Row[] => {
  const { method, scheme, protocol, host, path, query, listener, peer, client, peerTrusted } = request;
  const place = host === '' ? [] : [['what', `${method} ${scheme}://${host}${path}${query}`]];
  const via = client === peer ? '' : ` through ${peer}`;
  const who = `${client}${via}${peerTrusted ? ' (trusted proxy)' : ''}`;
  const asked =
    answeredBy === undefined
      ? 'the configuration; no endpoint was looked at'
      : `worker ${answeredBy.worker} (pid ${answeredBy.pid}), configuration ${configVersion}`;
  return [
    ...place,
    ['how', `${protocol}, listener ${listener}`],
    ['who', who],
    ...assumed.map((words) => ['assumed', words]),
    ['asked', live ? asked : 'the configuration; no endpoint was looked at'],
  ];
};

const mark = (passed: boolean): string => (passed ? '✓' : '✗');

const checkRows = ({ checks }: Explanation): readonly Row[] =>
  checks.map(({ name, passed, detail }) => [mark(passed), name, detail]);

const routesTitle = ({ routes }: Explanation): string => {
  const { total = 0, candidates = [] } = routes ?? {};
  return candidates.length < total ? `routes (the nearest ${candidates.length} of ${total})` : 'routes';
};

const routeRows = ({ routes }: Explanation): readonly Row[] =>
  (routes?.candidates ?? []).map((candidate) => [
    candidate.result === 'chosen' ? '✓' : candidate.result === 'failed' ? '✗' : '·',
    candidate.route,
    candidate.match,
    candidateWords(candidate),
  ]);

const candidateWords = ({ result, failed }: ExplainedCandidate): string => {
  if (failed === undefined) return result === 'chosen' ? 'chosen' : 'would take it, but comes later';
  const { predicate, name, wanted, got } = failed;
  return `${predicate}${name === undefined ? '' : ` ${name}`}: wants ${wanted}, got ${got}`;
};

const FILTER_MARKS = {
  continues: '✓',
  answers: '✗',
  depends: '?',
  unknown: '?',
  'not-reached': '·',
} as const;

const filterRows = ({ filters }: Explanation): readonly Row[] =>
  filters.map((filter) => [FILTER_MARKS[filter.verdict], filter.name, filter.verdict, filterWords(filter)]);

const filterWords = ({ why, status, sets = [], removes = [], details }: ExplainedFilter): string => {
  const claims = details?.['claims'];
  const unsaid = (names: readonly string[]): readonly string[] => names.filter((name) => !why.includes(name));
  const parts = [
    status === undefined ? why : `${status}: ${why}`,
    ...(claims === undefined ? [] : [`claims ${claimWords(claims)}`]),
    ...(unsaid(sets).length === 0 ? [] : [`sets ${unsaid(sets).join(', ')}`]),
    ...(unsaid(removes).length === 0 ? [] : [`takes away ${unsaid(removes).join(', ')}`]),
  ];
  return parts.join('; ');
};

const claimWords = (claims: unknown): string =>
  Array.isArray(claims) ? claims.join(', ') : JSON.stringify(claims);

const splitRows = ({ split }: Explanation): readonly Row[] => {
  if (split === undefined) return [];
  const by =
    split.chosen === undefined && split.by !== 'chance' ? `chance, without its key (${split.by})` : split.by;
  return [
    ...split.targets.map(({ upstream, share }) => [
      upstream === split.chosen ? '✓' : '·',
      upstream,
      `${Math.round(share * 1000) / 10} %`,
    ]),
    ['', 'by', by],
  ];
};

const upstreamTitle = ({ name, balancer, sticky, source, protocol, panic }: ExplainedUpstream): string =>
  [
    `upstream ${name}: ${balancer}`,
    ...(sticky === undefined ? [] : [`sticky by ${sticky}`]),
    protocol,
    `endpoints from ${source}`,
    ...(panic ? ['PANIC: too few are available, all are used'] : []),
  ].join(', ');

const upstreamRows = (upstream: ExplainedUpstream, live: boolean): readonly Row[] => {
  const { endpoints, total, picks, why, source } = upstream;
  const rows = endpoints.map((endpoint) => endpointRow(endpoint, picks, live));
  const hidden = total - endpoints.length;
  const pick = picks === undefined ? why : `${picks}: ${why}`;
  return [
    ...rows,
    ...(hidden > 0 ? [['', `and ${hidden} more`]] : []),
    ...(total === 0 && !live && source !== 'configuration'
      ? [['', 'they are found by an instance that runs: ask it with --live']]
      : []),
    ['', 'picks', pick],
  ];
};

const endpointRow = (endpoint: ExplainedEndpoint, picks: string | undefined, live: boolean): Row => {
  const { address, weight, available, active, state, why } = endpoint;
  const isPicked = address === picks;
  return [
    isPicked ? '✓' : available ? '·' : '✗',
    address,
    `weight ${Math.round(weight * 100) / 100}`,
    ...(live
      ? [`${active} active`, [state ?? (available ? 'available' : 'not available'), why ?? ''].join(' ')]
      : []),
  ];
};

const forwardRows = ({ request, forwarded }: Explanation): readonly Row[] => {
  if (forwarded === undefined) return [];
  const { method, target, rewritten, upgrade, ignoredUpgrade, fields } = forwarded;
  if (method === 'CONNECT') return [['bare bytes to the endpoint']];
  const note = rewritten ? `   (rewritten from ${request.path})` : '';
  return [
    [`${method} ${target}${note}`],
    ...fields.map(([name, value]) => [`${name}: ${value}`]),
    ...(ignoredUpgrade === undefined
      ? []
      : [[`as plain HTTP: the route takes no upgrade to ${ignoredUpgrade} (routes[].upgrades)`]]),
    ...(upgrade === undefined ? [] : [[`a tunnel for ${upgrade}, if the endpoint agrees`]]),
  ];
};

const retryRows = ({ retry, forwarded }: Explanation): readonly Row[] => {
  if (forwarded === undefined) return [];
  if (retry === undefined) return [['none']];
  const { attempts, on, repeatable, perTryTimeoutMs, hedgeAfterMs, from } = retry;
  const again = repeatable ? '' : '; only where nothing was sent (the method is not idempotent)';
  return [
    [`${attempts} on ${on.join(', ')}${again}${from === 'default' ? ' (default)' : ''}`],
    ...(perTryTimeoutMs > 0 ? [[`each attempt within ${milliseconds(perTryTimeoutMs)}`]] : []),
    ...(hedgeAfterMs === undefined
      ? []
      : [[`a second attempt beside the first after ${milliseconds(hedgeAfterMs)}`]]),
  ];
};

const settingRows = (explanation: Explanation, kind: 'timeouts' | 'limits'): readonly Row[] =>
  [...explanation[kind], ...explanation.upstreams.flatMap((upstream) => upstream[kind])]
    .filter(({ value, from }) => value !== undefined || from !== 'default')
    .map((setting) => [setting.name, valueWords(setting), originWords(setting)]);

const valueWords = ({ value, unit }: ExplainedSetting): string => {
  if (value === undefined) return 'none';
  if (typeof value === 'string') return value;
  if (unit === 'ms') return milliseconds(value);
  return unit === 'bytes' ? bytes(value) : String(value);
};

const originWords = ({ from, key }: ExplainedSetting): string =>
  from === 'default' ? `default of ${key}` : key;

const milliseconds = (ms: number): string => (ms >= 1000 && ms % 100 === 0 ? `${ms / 1000}s` : `${ms}ms`);

const KIB = 1024;

const bytes = (count: number): string => {
  if (count >= KIB * KIB && count % (KIB * KIB) === 0) return `${count / (KIB * KIB)}MiB`;
  return count >= KIB && count % KIB === 0 ? `${count / KIB}KiB` : `${count}B`;
};
