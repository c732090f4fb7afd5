/**
 * Owns the one thing that can be done about a heap that seems full: to have its garbage collected. V8 does that by itself as
 * long as there is work; a worker from which the load was taken away may sit on its garbage for long, and would shed meanwhile.
 * Model: the action `shrink_heap` of Envoy's overload manager.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Garbage that is this old is to be collected. */
const FIRST_WAIT_MS = 3000;
/** Where that did not help the heap is in use, and is left alone for longer each time: a collection stops the event loop. */
const LONGEST_WAIT_MS = 300_000;

export class HeapShrinker {
  readonly #collect: () => void;
  #waitMs = FIRST_WAIT_MS;
  #lastUsed = 0;
  /** When the heap was last seen to be collected, or first seen to be full. */
  #sinceMs: number | undefined;

  constructor(collect: () => void) {
    this.#collect = collect;
  }

  /** To be told at each look. `isFull`: the heap holds a step of the ladder. `usedBytes` of the old generation. */
  look(isFull: boolean, usedBytes: number, nowMs: number): void {
    // It shrinks by collections only.
    const collected = usedBytes < this.#lastUsed;
    this.#lastUsed = usedBytes;
    if (!isFull) {
      this.#sinceMs = undefined;
      this.#waitMs = FIRST_WAIT_MS;
      return;
    }
    if (this.#sinceMs === undefined || collected) this.#sinceMs = nowMs;
    if (nowMs - this.#sinceMs < this.#waitMs) return;
    this.#sinceMs = nowMs;
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
    this.#collect();
  }
}

/** One full collection, there and then. V8 lends the function for it to contexts that are made while this flag is set. */
export function garbageCollector(): () => void {
  let collect: (() => void) | undefined;
  return () => {
    if (collect === undefined) {
      setFlagsFromString('--expose-gc');
      collect = runInNewContext('gc') as () => void;
      setFlagsFromString('--no-expose-gc');
    }
    collect();
  };
}
