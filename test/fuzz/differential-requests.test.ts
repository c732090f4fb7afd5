/** Requests that Torus and llhttp read: whatever Torus takes, llhttp refuses or frames in the same way. */
import { requestCorpus, unlessKnown } from './corpus.js';
import { openLlhttp } from './llhttp-requests.js';
import { Random } from './random.js';
import { readAll, type FuzzCase } from './read-requests.js';
import { disagreement, splitDifference } from './reading.js';
import { requestCases } from './request-cases.js';
import { judgeBatches } from './judge-batches.js';
import { seed, timeoutMs } from './run-options.js';
import { openTorus } from './torus-requests.js';

const BATCH = 100;

const uncut = ({ text }: FuzzCase): FuzzCase => ({ text, cuts: [] });

async function judge(cases: readonly FuzzCase[]): Promise<{ findings: object[]; accepted: number }> {
  const split = await readAll(cases, openTorus);
  const whole = await readAll(cases.map(uncut), openTorus);
  const other = await readAll(cases.map(uncut), openLlhttp);
  const findings: object[] = [];
  let accepted = 0;
  for (const [index, fuzzCase] of cases.entries()) {
    const [inPieces, atOnce, llhttp] = [split[index], whole[index], other[index]];
    if (inPieces === undefined || atOnce === undefined || llhttp === undefined) continue;
    accepted += inPieces.messages.length;
    const framing = unlessKnown('llhttp', fuzzCase.text, disagreement(inPieces, llhttp));
    const splitting = splitDifference(atOnce, inPieces);
    if (framing !== undefined || splitting !== undefined)
      findings.push({ ...fuzzCase, framing, splitting, torus: inPieces.refused, llhttp: llhttp.refused });
  }
  return { findings, accepted };
}

describe('requests read by Torus and by llhttp', () => {
  it('that once found something are framed in the same way, or refused', async () => {
    expect((await judge(requestCorpus())).findings).toEqual([]);
  });

  it(
    'are framed in the same way, or refused, in whatever pieces they arrive',
    async () => {
      const random = new Random(seed);
      await judgeBatches('requests', BATCH, () => judge(requestCases(random, BATCH)));
    },
    timeoutMs,
  );
});
