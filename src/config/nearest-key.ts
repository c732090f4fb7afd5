/** Owns the guess at what a misspelt key was meant to be. */

/** Edits (insert, delete, replace, swap neighbours) that turn one word into the other. */
export function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, at(beforePrevious, column - 2) + 1);
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, to.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY;

const normalised = (key: string): string => key.slice(0, 64).toLowerCase().replace(/[-_]/g, '');

/** The valid key nearest to what was written, if any is near enough to be what was meant. */
export function nearestKey(written: string, valid: readonly string[]): string | undefined {
  const word = normalised(written);
  let best: { key: string; distance: number } | undefined;
  for (const key of valid) {
    const candidate = normalised(key);
    const extended = word.length > 3 && (candidate.startsWith(word) || word.startsWith(candidate));
    const distance = extended ? 1 : editDistance(word, candidate);
    if (
      distance <= Math.max(1, Math.floor(candidate.length / 3)) &&
      (best === undefined || distance < best.distance)
    ) {
      best = { key, distance };
    }
  }
  return best?.key;
}
