/** Owns which outside events ask the instance to stop or to reload: signals, and a message where there are no signals. */

export interface SignalSource {
  on(event: string, listener: (value: unknown) => void): unknown;
  removeListener(event: string, listener: (value: unknown) => void): unknown;
}

export interface SignalHandlers {
  onStop(reason: string): void;
  /** Without it SIGHUP asks to stop, as a terminal does when it closes. */
  readonly onReload?: () => void;
}

/** Calls `onStop` with the reason, once for each request to stop; the second one means: at once. Returns the end of the watch. */
export const watchSignals = (source: SignalSource, handlers: SignalHandlers): (() => void) => {
  const onTerm = (): void => handlers.onStop('SIGTERM');
  const onInterrupt = (): void => handlers.onStop('SIGINT');
  const onHangUp = (): void =>
    handlers.onReload === undefined ? handlers.onStop('SIGHUP') : handlers.onReload();
  const onMessage = (message: unknown): void => {
    if (isTestShutdown(message)) handlers.onStop('TEST_SHUTDOWN');
  };
  source.on('SIGTERM', onTerm);
  source.on('SIGINT', onInterrupt);
  source.on('SIGHUP', onHangUp);
  source.on('message', onMessage);
  return () => {
    source.removeListener('SIGTERM', onTerm);
    source.removeListener('SIGINT', onInterrupt);
    source.removeListener('SIGHUP', onHangUp);
    source.removeListener('message', onMessage);
  };
};

const isTestShutdown = (message: unknown): boolean =>
  typeof message === 'object' && message !== null && (message as { type?: unknown }).type === 'TEST_SHUTDOWN';
