/** Makes request cases: one to three requests, perhaps damaged, with the places where they are cut. */
import { requestText } from './message-grammar.js';
import { cutsOf, mutate } from './mutations.js';
import type { Random } from './random.js';
import type { FuzzCase } from './read-requests.js';

function requestCase(random: Random): FuzzCase {
  const count = random.pick([1, 1, 1, 2, 3]);
  const text = mutate(Array.from({ length: count }, () => requestText(random)).join(''), random);
  return { text, cuts: cutsOf(text.length, random) };
}

export const requestCases = (random: Random, count: number): FuzzCase[] =>
  Array.from({ length: count }, () => requestCase(random));
