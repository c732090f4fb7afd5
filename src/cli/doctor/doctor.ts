/** Owns `torus doctor`: everything on this host and around it that may keep a configuration from serving, and what to do. */
import { totalmem } from 'node:os';
import { resolve } from 'node:path';
import { DEFAULT_FILES, loadConfig, readEnvironment, readHostFacts } from '../../config/index.js';
import type { LoadResult } from '../../config/index.js';
import { openAdmin } from '../admin-client.js';
import type { AdminTarget } from '../admin-client.js';
import type { Output } from '../output.js';
import { checkCertificates } from './check-certificates.js';
import { checkClock, checkFiles, checkKernel, checkMemory } from './check-host.js';
import { checkInstance } from './check-instance.js';
import { keySetTasks } from './check-key-sets.js';
import { listenerTasks } from './check-listeners.js';
import { nameTasks } from './check-names.js';
import { checkNode } from './check-node.js';
import {
  asFindings,
  checkCapacity,
  checkConfiguration,
  checkInputs,
  checksSkipped,
  mostWorkers,
} from './check-settings.js';
import { checkTrust } from './check-trust.js';
import { upstreamTasks } from './check-upstreams.js';
import type { DoctorContext, HostContext } from './context.js';
import { ok } from './finding.js';
import type { Finding } from './finding.js';
import { renderFindings } from './render.js';
import { runTasks } from './task.js';
import type { Task } from './task.js';

export interface DoctorRequest extends AdminTarget {
  readonly json: boolean;
}

const LIMITS = { atOnce: 16, eachMs: 3_000, allMs: 10_000 };

/** Returns the exit code: 1 when there are problems; warnings are none. */
export const examine = async (request: DoctorRequest, output: Output): Promise<number> => {
  const findings = await runTasks(await tasksFor(request), LIMITS);
  const problems = findings.filter(({ level }) => level === 'problem').length;
  const warnings = findings.filter(({ level }) => level === 'warning').length;
  if (request.json)
    output.line(JSON.stringify({ ok: problems === 0, problems, warnings, findings }, null, 2));
  else for (const line of renderFindings(findings)) output.line(line);
  return problems === 0 ? 0 : 1;
};

const tasksFor = async (request: DoctorRequest): Promise<Task[]> => {
  const { file, cwd } = request;
  const host: HostContext = { host: readHostFacts(), nowMs: Date.now() };
  const result = await loadConfig({ file, cwd, env: readEnvironment(cwd) });
  if (!result.ok) return [unusable(request, result), ...hostTasks(host, 1)];
  const { snapshot, warnings, inputs } = result;
  const instance = once(() => metricsOf(request));
  const context = { ...host, snapshot, warnings, file: result.file, cwd, inputs, instance };
  return [...settingsTasks(context), ...hostTasks(host, mostWorkers(snapshot)), ...networkTasks(context)];
};

type Refused = Extract<LoadResult, { readonly ok: false }>;

const unusable = ({ file, cwd }: DoctorRequest, { problems, inputs }: Refused): Task => {
  const isDefault = DEFAULT_FILES.some((name) => inputs.includes(resolve(cwd, name)));
  const origin = { cwd, isEnvironmentAlone: file === undefined && !isDefault };
  return found('configuration', () => [...asFindings(problems, origin), checksSkipped()]);
};

const settingsTasks = (context: DoctorContext): Task[] => [
  found('configuration', () => checkConfiguration(context)),
  found('files', () => checkInputs(context)),
  found('certificates', () => checkCertificates(context.snapshot, context.nowMs)),
  found('capacity', () => checkCapacity(context)),
  found('trust', () => checkTrust(context.snapshot)),
];

const hostTasks = ({ host, nowMs }: HostContext, workers: number): Task[] => [
  found('node', () => checkNode({ node: process.versions.node, openssl: process.versions.openssl }, nowMs)),
  found('open files', () => checkFiles(host)),
  found('memory', () => checkMemory(process.constrainedMemory(), totalmem(), workers)),
  found('kernel', () => checkKernel(host)),
  found('clock', () => checkClock(host, nowMs)),
];

const networkTasks = (context: DoctorContext): Task[] => {
  const { snapshot, nowMs } = context;
  return [
    { subject: 'instance', run: () => examineInstance(context) },
    ...listenerTasks(context),
    ...nameTasks(snapshot.upstreams),
    ...upstreamTasks(snapshot.upstreams, nowMs),
    ...keySetTasks(snapshot),
  ];
};

const found = (subject: string, run: () => readonly Finding[]): Task => ({ subject, run });

const examineInstance = async (context: DoctorContext): Promise<readonly Finding[]> => {
  const metrics = await context.instance();
  return metrics === undefined
    ? [ok('instance', 'none runs')]
    : checkInstance(metrics, context.snapshot.workers);
};

const once = <Answer>(ask: () => Promise<Answer>): (() => Promise<Answer>) => {
  let answer: Promise<Answer> | undefined;
  return () => (answer ??= ask());
};

/** Whoever has the port of the admin API and knows these counters is a Torus. */
const metricsOf = async (target: AdminTarget): Promise<string | undefined> => {
  try {
    const { body } = await (await openAdmin(target)).request('GET', '/metrics');
    return body.includes('torus_start_seconds') ? body : undefined;
  } catch {
    // Nobody there, or somebody else.
    return undefined;
  }
};
