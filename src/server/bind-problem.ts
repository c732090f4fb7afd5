/** Owns the one line that says why an address could not be bound. */

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the name does not resolve',
  EAFNOSUPPORT: 'the address family is not available',
};

export interface BindTarget {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** `Listener edge cannot bind 0.0.0.0:8443: address already in use`. */
export const describeBindFailure = (target: BindTarget, error: unknown): string => {
  const code = errorCode(error) ?? 'unknown error';
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  return `Listener ${target.name} cannot bind ${host}:${target.port}: ${REASONS[code] ?? code}`;
};

export const errorCode = (error: unknown): string | undefined => {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
};
