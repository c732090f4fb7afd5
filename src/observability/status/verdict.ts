/** Owns the answer to "is all well?": one level and the reasons for it, from a status document and what happened lately. */
import type { StatusDocument, UpstreamStatus, WorkerStatus } from '../../contracts/status.js';
import { certificateStanding } from './certificate-standing.js';
import { failedShare } from './change.js';
import type { StatusChange } from './change.js';
import { counted, showLatency, showShare } from './format.js';

export type Level = 'good' | 'warning' | 'bad';

export interface Reason {
  readonly level: Exclude<Level, 'good'>;
  readonly text: string;
}

export interface Verdict {
  /** The worst of the reasons. */
  readonly level: Level;
  /** Worst first. */
  readonly reasons: readonly Reason[];
}

/** Shares of requests that failed. */
const WARNING_SHARE = 0.01;
export const BAD_SHARE = 0.05;
/** Fewer failures than this are not bad, whatever their share. */
const LEAST_BAD = 5;
/** Of an event loop that is late: shorter delays come and go. */
export const SLOW_LOOP_SECONDS = 0.25;
export const BAD_LOOP_SECONDS = 1;
/** Each worker was asked for its counts when the document was made, and is given a second to answer. */
export const SILENT_SECONDS = 2;

/** `lately`: the change over the last ten seconds or so. */
export const judge = (
  document: StatusDocument,
  lately: StatusChange | undefined,
  more: readonly Reason[] = [],
): Verdict => {
  const reasons = [
    ...ofInstance(document),
    ...document.upstreams.flatMap(ofUpstream),
    ...(lately === undefined ? [] : ofFailures(lately)),
    ...more,
    ...ofOverload(document),
    ...document.workers.flatMap(ofWorker),
    ...ofCertificates(document),
    ...ofConfig(document),
  ];
  const worst = (level: Level): Reason[] => reasons.filter((reason) => reason.level === level);
  const ordered = [...worst('bad'), ...worst('warning')];
  return { level: ordered[0]?.level ?? 'good', reasons: ordered };
};

const bad = (text: string): Reason => ({ level: 'bad', text });
const warning = (text: string): Reason => ({ level: 'warning', text });

const ofInstance = ({ instance }: StatusDocument): Reason[] => {
  if (instance.phase === 'draining') return [warning('the instance is draining')];
  return instance.phase === 'ready' ? [] : [bad('no worker is ready')];
};

const ofUpstream = ({ name, available, failing, total, panic }: UpstreamStatus): Reason[] => {
  if (total === 0) return [bad(`upstream ${name} has no endpoint`)];
  if (available === 0) return [bad(`upstream ${name}: none of ${counted(total, 'endpoint')} is available`)];
  if (failing === available) return [bad(`upstream ${name}: every endpoint in use fails its requests`)];
  if (panic) return [bad(`upstream ${name} uses endpoints that failed: too few are available`)];
  return [
    ...(available < total ? [`${total - available} of ${counted(total, 'endpoint')} out of use`] : []),
    ...(failing > 0 ? [`${counted(failing, 'endpoint')} in use, but failing`] : []),
  ].map((text) => warning(`upstream ${name}: ${text}`));
};

const ofFailures = (lately: StatusChange): Reason[] => {
  const { failed, seconds } = lately;
  const share = failedShare(lately);
  if (share < WARNING_SHARE) return [];
  const text = `${showShare(share)} of the requests of the last ${seconds.toFixed(0)} s failed`;
  return [share >= BAD_SHARE && failed >= LEAST_BAD ? bad(text) : warning(text)];
};

const ofWorker = ({ worker, phase, silentSeconds, loopDelaySeconds: { p99 } }: WorkerStatus): Reason[] => {
  // One that leaves has a successor, or is not needed.
  if (phase === 'draining') return [];
  if (phase !== 'ready') return [warning(`worker ${worker} is ${phase}`)];
  if (silentSeconds > SILENT_SECONDS)
    return [bad(`worker ${worker} has not answered for ${silentSeconds.toFixed(0)} s`)];
  if (p99 < SLOW_LOOP_SECONDS) return [];
  const text = `worker ${worker} is held up: its event loop is ${showLatency(p99)} late`;
  return [p99 >= BAD_LOOP_SECONDS ? bad(text) : warning(text)];
};

/** What the steps of the ladder do, by level. */
const STEPS = [
  '',
  'idle connections are closed early',
  'connections are not kept alive',
  'new requests are refused',
];
const SHED = 3;

const ofOverload = ({ workers }: StatusDocument): Reason[] => {
  const hardest = Math.max(0, ...workers.map(({ overload }) => overload?.level ?? 0));
  if (hardest === 0) return [];
  const at = workers.filter(({ overload }) => overload?.level === hardest);
  const text = `overload: ${STEPS[hardest] ?? ''} (${at.map(nameWithWorst).join(', ')})`;
  return [hardest >= SHED ? bad(text) : warning(text)];
};

const nameWithWorst = ({ worker, overload }: WorkerStatus): string => {
  const [worst] = Object.entries(overload?.pressure ?? {}).sort(([, one], [, other]) => other - one);
  return worst === undefined ? `worker ${worker}` : `worker ${worker}: ${worst[0]} ${showShare(worst[1])}`;
};

const ofCertificates = ({ certificates }: StatusDocument): Reason[] =>
  certificates
    .filter(({ daysLeft }) => certificateStanding(daysLeft) !== 'good')
    .map(({ certificate, daysLeft }) =>
      certificateStanding(daysLeft) === 'expired'
        ? bad(`certificate ${certificate} has expired`)
        : warning(`certificate ${certificate} expires in ${counted(Math.floor(daysLeft), 'day')}`),
    );

const ofConfig = ({ config: { lastReload } }: StatusDocument): Reason[] =>
  lastReload?.outcome === 'rejected'
    ? [warning('the last reload was rejected: the configuration before it serves')]
    : [];
