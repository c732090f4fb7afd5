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

export type BindPlace = { readonly host: string; readonly port: number } | { readonly path: string };

/** `Listener edge cannot bind 0.0.0.0:8443: address already in use`. */
export const describeBindFailure = (target: BindPlace & { readonly name: string }, error: unknown): string =>
  `Listener ${target.name} ${cannotBind(target, error)}`;

/** The same, whoever was to listen there. */
export const cannotBind = (place: BindPlace, error: unknown): string => {
  const code = errorCode(error) ?? 'unknown error';
  return `cannot bind ${showPlace(place)}: ${REASONS[code] ?? code}`;
};

/** `0.0.0.0:8443`, `[::]:8443`, `unix:/run/torus.sock`. */
export const showPlace = (place: BindPlace): string => {
  if ('path' in place) return `unix:${place.path}`;
  return `${place.host.includes(':') ? `[${place.host}]` : place.host}:${place.port}`;
};

export const errorCode = (error: unknown): string | undefined => {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
};
