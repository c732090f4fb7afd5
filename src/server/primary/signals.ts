/** Owns which outside events ask the instance to stop: two signals, and a message where there are no signals. */

export interface SignalSource {
  on(event: string, listener: (value: unknown) => void): unknown;
  removeListener(event: string, listener: (value: unknown) => void): unknown;
}

/** Calls `onStop` with the reason, once for each request to stop; the second one means: at once. */
export const watchStopRequests = (source: SignalSource, onStop: (reason: string) => void): (() => void) => {
  const onTerm = (): void => onStop('SIGTERM');
  const onInterrupt = (): void => onStop('SIGINT');
  const onMessage = (message: unknown): void => {
    if (isTestShutdown(message)) onStop('TEST_SHUTDOWN');
  };
  source.on('SIGTERM', onTerm);
  source.on('SIGINT', onInterrupt);
  source.on('message', onMessage);
  return () => {
    source.removeListener('SIGTERM', onTerm);
    source.removeListener('SIGINT', onInterrupt);
    source.removeListener('message', onMessage);
  };
};

const isTestShutdown = (message: unknown): boolean =>
  typeof message === 'object' && message !== null && (message as { type?: unknown }).type === 'TEST_SHUTDOWN';
