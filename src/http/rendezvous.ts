/**
 * Owns weighted rendezvous hashing (highest random weight; Thaler and Ravishankar 1998, weights after Schindelhauer and
 * Schomaker 2005): every member gets a score from the key and its own name, and the best score wins. Members know nothing of
 * each other, so that one more or one less moves the keys it wins or had won, and no other. Pure, the same in every process.
 */

const TWO_TO_32 = 4_294_967_296;

/** 32 bits of a text: FNV-1a, then mixed so that every bit of it depends on every character. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return mixed(hash);
}

/**
 * The score of a member for a key, or Infinity when it is not below `limit`; the lowest wins. Exponentially distributed with
 * rate `weight`, so that the chance to win is the share of the weight. As -ln(u) >= 1 - u, the logarithm is taken only of
 * those few that may win.
 */
export function rendezvousScore(keyHash: number, memberHash: number, weight: number, limit: number): number {
  const uniform = (mixed(keyHash ^ memberHash) + 0.5) / TWO_TO_32;
  if (1 - uniform >= limit * weight) return Number.POSITIVE_INFINITY;
  const score = -Math.log(uniform) / weight;
  return score < limit ? score : Number.POSITIVE_INFINITY;
}

/** The finaliser of MurmurHash3 (Appleby): a bijection of 32 bits in which each bit in flips each bit out half of the time. */
function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
