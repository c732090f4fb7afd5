/** Owns when the page asks: each task at its own pace, none while the tab is hidden or the reader has paused. */

export interface Task {
  /** Between the end of one run and the start of the next. */
  readonly everyMs: number;
  run(): Promise<void>;
}

export class Ticker {
  readonly #tasks: readonly Task[];
  readonly #timers = new Set<number>();
  #isPaused = false;
  /** Grows with each start, so that a run that began before a stop does not go on after it. */
  #era = 0;

  constructor(tasks: readonly Task[]) {
    this.#tasks = tasks;
    document.addEventListener('visibilitychange', () => this.restart());
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.restart();
  }

  /** Runs every task at once, and then at its pace. */
  restart(): void {
    this.stop();
    if (document.hidden || this.#isPaused) return;
    const era = this.#era;
    for (const task of this.#tasks) void this.#turn(task, era);
  }

  stop(): void {
    this.#era += 1;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  async #turn(task: Task, era: number): Promise<void> {
    await task.run();
    if (era !== this.#era) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#turn(task, era);
    }, task.everyMs);
    this.#timers.add(timer);
  }
}
