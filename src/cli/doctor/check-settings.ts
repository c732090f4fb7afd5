/** Owns the checks of what the configuration asks of the host: connection caps, ports for upstreams, the accept mode, its files. */
import { inputFactsOf } from '../../config/index.js';
import type { ConfigProblem, ConfigSnapshot } from '../../contracts/config.js';
import { adviceFor } from './config-advice.js';
import type { Origin } from './config-advice.js';
import type { DoctorContext } from './context.js';
import { counted } from '../../observability/status/format.js';
import { ok, problem, warning } from './finding.js';
import type { Finding } from './finding.js';

export const checkConfiguration = ({ snapshot, warnings, file, cwd }: DoctorContext): readonly Finding[] => {
  const { listeners, routes, upstreams, workers, scaling } = snapshot;
  const summary = [
    counted(listeners.length, 'listener'),
    counted(routes.length, 'route'),
    counted(upstreams.length, 'upstream'),
    scaling === undefined ? counted(workers, 'worker') : `${workers} to ${scaling.max} workers`,
  ].join(', ');
  const origin = { cwd, isEnvironmentAlone: file === undefined };
  return [ok('configuration', `${file ?? 'environment'}: ${summary}`), ...asFindings(warnings, origin)];
};

/** Their number may follow the load. */
export const mostWorkers = ({ workers, scaling }: ConfigSnapshot): number => scaling?.max ?? workers;

/** What `torus check` says. */
export const asFindings = (problems: readonly ConfigProblem[], origin: Origin): Finding[] =>
  problems.map((found) => asFinding(found, adviceFor(found, origin)));

/** What cannot be known without a configuration. */
export const checksSkipped = (): Finding =>
  warning(
    'configuration',
    'listeners and their ports, certificates, names, upstreams and key sets were not looked at: the configuration says which',
    'Put the problems above right, then run torus doctor again.',
  );

const asFinding = ({ path, message, file, line, severity }: ConfigProblem, advice: string): Finding => {
  const place = [file, line].filter((part) => part !== undefined).join(':');
  const text = [place, path, message].filter((part) => part !== '').join(': ');
  return severity === 'error'
    ? problem('configuration', text, advice)
    : warning('configuration', text, advice);
};

/** Keys that others may read; inputs that a change could not be read from. */
export const checkInputs = ({ inputs, snapshot }: DoctorContext): readonly Finding[] => {
  const facts = inputs.map(inputFactsOf);
  const broken = facts.filter((fact) => fact.problem !== undefined);
  const open = facts.filter(({ isKey, isOpen }) => isKey && isOpen);
  const watched = snapshot.watch ? 'a change of one is applied at once' : 'torus reads them again on SIGHUP';
  return [
    ...open.map(({ file }) =>
      warning('files', `everybody on this host may read the private key in ${file}`, `chmod o-rwx ${file}`),
    ),
    ...broken.map(({ file, problem: why }) =>
      problem('files', `${file} ${why ?? ''}`, 'Without it the next start or reload fails.'),
    ),
    ...(open.length + broken.length === 0
      ? [ok('files', `${counted(facts.length, 'file')} behind it; ${watched}`)]
      : []),
  ];
};

export const checkCapacity = ({ snapshot, host }: DoctorContext): readonly Finding[] => [
  ...portsFor(snapshot, host.localPorts),
  ...migration(snapshot, host.migratesRequests),
];

/** One port of this host for each connection to the same endpoint. */
const portsFor = (
  snapshot: ConfigSnapshot,
  localPorts: { readonly first: number; readonly last: number } | undefined,
): Finding[] => {
  if (localPorts === undefined) return [];
  const ports = localPorts.last - localPorts.first + 1;
  return snapshot.upstreams
    .map(({ name, pool, limits }) => ({
      name,
      most: mostWorkers(snapshot) * Math.min(pool.maxConnections, limits.maxConnections ?? Infinity),
    }))
    .filter(({ most }) => most > ports)
    .map(({ name, most }) =>
      warning(
        `upstream ${name}`,
        `${most} connections to one endpoint are allowed, but the kernel has ports for ${ports}`,
        'sysctl -w net.ipv4.ip_local_port_range="1024 65535", or lower pool.maxConnections.',
      ),
    );
};

const migration = ({ accept }: ConfigSnapshot, migrates: boolean | undefined): Finding[] =>
  accept === 'reuse-port' && migrates === false
    ? [
        warning(
          'kernel',
          'accept: reuse-port without net.ipv4.tcp_migrate_req: a worker that goes takes its queue of connections along',
          'sysctl -w net.ipv4.tcp_migrate_req=1',
        ),
      ]
    : [];
