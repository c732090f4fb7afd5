/** Owns the one line that says why a worker cannot serve. */
import type { ListenerConfig } from '../../contracts/config.js';
import { messageOf } from '../../errors/message-of.js';
import { describeBindFailure, errorCode } from '../bind-problem.js';

export interface BootFailure {
  readonly problem: string;
  readonly code: string | undefined;
  /** Name of the listener that could not be bound. */
  readonly listener: string | undefined;
}

/** Names the listener when the error says which address could not be bound. */
export const describeBootFailure = (listeners: readonly ListenerConfig[], error: unknown): BootFailure => {
  const code = errorCode(error);
  const listener = listeners.find((candidate) => isAbout(candidate, error));
  if (listener !== undefined)
    return { problem: describeBindFailure(listener, error), code, listener: listener.name };
  return {
    problem: `The worker cannot start: ${messageOf(error)}`,
    code,
    listener: undefined,
  };
};

/** The data plane names the listener on the error: a socket that workers share fails without telling its port. */
const isAbout = (listener: ListenerConfig, error: unknown): boolean =>
  typeof error === 'object' && error !== null && (error as { listener?: unknown }).listener === listener.name;
