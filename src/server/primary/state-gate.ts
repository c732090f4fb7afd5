/** Owns the decision that every exit of a worker asks for. */

export interface WorkerExit {
  readonly shuttingDown: boolean;
  /** It filled its place in the pool: it was not on its way out, nor still to take the place of another. */
  readonly hadPlace: boolean;
  /** Any worker of this instance has ever been ready. */
  readonly instanceWasReady: boolean;
  /** Workers that are still alive, without the one that exited. */
  readonly othersAlive: number;
}

/**
 * `let-go`: it was told to stop, or another one fills its place. `finish`: it was the last one told to stop. `abort-boot`: nothing ever ran, so a fork
 * would fail the same way. `replace`: it crashed.
 */
export type ExitDecision = 'let-go' | 'finish' | 'abort-boot' | 'replace';

export const decideOnExit = (exit: WorkerExit): ExitDecision => {
  if (exit.shuttingDown) return exit.othersAlive === 0 ? 'finish' : 'let-go';
  if (!exit.hadPlace) return 'let-go';
  return exit.instanceWasReady ? 'replace' : 'abort-boot';
};
