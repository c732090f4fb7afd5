/** Owns how many jobs run at once; the others wait their turn. As long as the caller bounds the jobs, the line is bounded. */

export class Turns {
  readonly #atOnce: number;
  readonly #waiting = new Set<() => Promise<void>>();
  #running = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Runs the job now or later; it must not reject. The returned function takes it out of the line, if it still waits. */
  take(job: () => Promise<void>): () => void {
    this.#waiting.add(job);
    this.#next();
    return () => void this.#waiting.delete(job);
  }

  #next(): void {
    const [job] = this.#waiting;
    if (job === undefined || this.#running >= this.#atOnce) return;
    this.#waiting.delete(job);
    this.#running += 1;
    void job().finally(() => {
      this.#running -= 1;
      this.#next();
    });
  }
}
