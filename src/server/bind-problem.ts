/** Owns the one line that says why an address could not be bound. */

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the name does not resolve',
  ENOENT: 'its directory does not exist',
  EAFNOSUPPORT: 'the address family is not available',
};

export type BindTarget =
  | { readonly name: string; readonly host: string; readonly port: number }
  | { readonly name: string; readonly path: string };

/** `Listener edge cannot bind 0.0.0.0:8443: address already in use`. */
export const describeBindFailure = (target: BindTarget, error: unknown): string => {
  const code = errorCode(error) ?? 'unknown error';
  return `Listener ${target.name} cannot bind ${placeOf(target)}: ${REASONS[code] ?? code}`;
};

const placeOf = (target: BindTarget): string => {
  if ('path' in target) return `unix:${target.path}`;
  return `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
};

export const errorCode = (error: unknown): string | undefined => {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
};
