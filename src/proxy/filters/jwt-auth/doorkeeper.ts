/**
 * Owns who is remembered at all: only what was seen before. A memory that takes in everything spends more on tokens that never
 * come again (copies, evictions, garbage that has grown old) than it spares on those that do (TinyLFU's doorkeeper, Einziger,
 * Friedman and Manes, 2017). Two texts that share a mark only make one of them known early or late.
 */

const TAIL_LENGTH = 16;
/** 4 MiB of marks. */
const MAX_MARKS = 2 ** 20;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export class Doorkeeper {
  private readonly marks: Uint32Array;

  /** `capacity`: of the memory behind the door. What comes again after more others than that would have been evicted anyway. */
  constructor(capacity: number) {
    const wanted = 2 ** Math.ceil(Math.log2(capacity));
    this.marks = new Uint32Array(Math.min(wanted, MAX_MARKS));
  }

  /** True when it was asked for the same text before, and not too long ago. */
  admits(text: string): boolean {
    const mark = markOf(text);
    const slot = mark % this.marks.length;
    if (this.marks[slot] === mark) return true;
    this.marks[slot] = mark;
    return false;
  }
}

/** FNV-1a of the end of the text: of a token, the part that differs most. Never 0, which is an empty slot. */
function markOf(text: string): number {
  let hash = FNV_OFFSET;
  for (let index = Math.max(0, text.length - TAIL_LENGTH); index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  return hash >>> 0 || 1;
}
