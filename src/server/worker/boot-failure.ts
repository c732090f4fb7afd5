/** Owns the one line that says why a worker cannot serve. */
import type { ListenerConfig } from '../../contracts/config.js';
import { describeBindFailure, errorCode } from '../bind-problem.js';

export interface BootFailure {
  readonly problem: string;
  readonly code: string | undefined;
}

/** Names the listener when the error says which address could not be bound. */
export const describeBootFailure = (listeners: readonly ListenerConfig[], error: unknown): BootFailure => {
  const code = errorCode(error);
  const listener = listeners.find((candidate) => isAbout(candidate, error));
  if (listener !== undefined) return { problem: describeBindFailure(listener, error), code };
  return {
    problem: `The worker cannot start: ${error instanceof Error ? error.message : String(error)}`,
    code,
  };
};

const FIRST_UNPRIVILEGED_PORT = 1024;

const isAbout = (listener: ListenerConfig, error: unknown): boolean => {
  if (typeof error !== 'object' || error === null) return false;
  const { port, address, hostname } = error as { port?: unknown; address?: unknown; hostname?: unknown };
  if (typeof port === 'number')
    return port === listener.port && (address === undefined || address === listener.host);
  if (hostname === listener.host) return true;
  // A socket that all workers share fails without telling its port.
  return (
    address === listener.host && (errorCode(error) !== 'EACCES' || listener.port < FIRST_UNPRIVILEGED_PORT)
  );
};
