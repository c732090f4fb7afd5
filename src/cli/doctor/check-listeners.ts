/** Owns the checks of the addresses that Torus listens on: each is bound for a moment, unless an instance has it already. */
import { createServer } from 'node:net';
import type { ListenOptions } from 'node:net';
import { cannotBind, errorCode, showPlace } from '../../server/bind-problem.js';
import type { DoctorContext } from './context.js';
import { ok, problem } from './finding.js';
import type { Finding } from './finding.js';
import type { Task } from './task.js';

export const listenerTasks = (context: DoctorContext): Task[] => {
  const { listeners, admin } = context.snapshot;
  const bound = listeners.map(({ name, host, port }) => ({ subject: `listener ${name}`, host, port }));
  const { socketPath } = admin ?? {};
  const ofAdmin =
    admin === undefined || socketPath !== undefined
      ? []
      : [{ subject: 'admin', host: admin.host, port: admin.port }];
  return [
    ...[...bound, ...ofAdmin].map((place) => ({
      subject: place.subject,
      run: async () => [await checkAddress(place, context)],
    })),
    ...(socketPath === undefined
      ? []
      : [{ subject: 'admin', run: async () => [await checkSocket(socketPath)] }]),
  ];
};

/** A socket beside it: what is there already may be in use, and Torus replaces it. */
const checkSocket = async (path: string): Promise<Finding> => {
  const error = await bindError({ path: `${path}.${process.pid}` });
  if (error === undefined) return ok('admin', `unix:${path} can be made`);
  return problem(
    'admin',
    cannotBind({ path }, error),
    'Make its directory, and let the user that Torus runs as write in it (systemd: RuntimeDirectory=torus).',
  );
};

interface Place {
  readonly subject: string;
  readonly host: string;
  readonly port: number;
}

const checkAddress = async (place: Place, context: DoctorContext): Promise<Finding> => {
  const { subject, host, port } = place;
  const shown = showPlace(place);
  if (port === 0) return ok(subject, `${host}: the system chooses the port`);
  const error = await bindError({ host, port });
  if (error === undefined) return ok(subject, `${shown} is free`);
  const code = errorCode(error);
  if (code === 'EADDRINUSE' && (await context.instance()) !== undefined)
    return ok(subject, `${shown} is in use, and an instance of this configuration is running`);
  return problem(subject, cannotBind(place, error), adviceFor(code, port));
};

/** Bound and closed at once: nothing is accepted. */
const bindError = (address: ListenOptions): Promise<unknown> =>
  new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', resolve);
    server.listen({ ...address, exclusive: true }, () => {
      server.close(() => resolve(undefined));
    });
  });

const adviceFor = (code: string | undefined, port: number): string => {
  switch (code) {
    case 'EADDRINUSE':
      return `Find out who has it: ss -ltnp 'sport = :${port}'. Stop that, or choose another port.`;
    case 'EACCES':
    case 'EPERM':
      return `Ports below 1024 need a right: setcap cap_net_bind_service=+ep "$(command -v node)", systemd AmbientCapabilities=CAP_NET_BIND_SERVICE, or sysctl -w net.ipv4.ip_unprivileged_port_start=${port}.`;
    case 'EADDRNOTAVAIL':
      return 'No interface of this host has the address: ip address shows those there are.';
    default:
      return 'Choose another address.';
  }
};
