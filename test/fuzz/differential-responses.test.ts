/** Responses that Torus and llhttp read: whatever Torus takes, llhttp refuses or frames in the same way. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { responseCorpus, unlessKnown } from './corpus.js';
import { readLlhttpResponse } from './llhttp-responses.js';
import { responseText } from './message-grammar.js';
import { cutsOf, mutate } from './mutations.js';
import { Random } from './random.js';
import { disagreement, splitDifference } from './reading.js';
import { judgeBatches } from './judge-batches.js';
import { seed, timeoutMs } from './run-options.js';
import { readTorusResponse, type ResponseCase } from './torus-responses.js';

const BATCH = 100;
/** Turns of the event loop until every stream has delivered. */
const TURNS = 12;

function generate(random: Random): ResponseCase {
  const text = mutate(responseText(random), random);
  const method = random.pick(['GET', 'GET', 'GET', 'HEAD', 'POST']);
  return { method, text, cuts: cutsOf(text.length, random) };
}

async function judge(cases: readonly ResponseCase[]): Promise<{ findings: object[]; accepted: number }> {
  const readings = cases.map((one) => ({
    one,
    split: readTorusResponse(one),
    whole: readTorusResponse({ ...one, cuts: [] }),
    llhttp: readLlhttpResponse(one),
  }));
  for (let turn = 0; turn < TURNS; turn += 1) await nextTurn();
  const findings = readings.flatMap(({ one, split, whole, llhttp }) => {
    const framing = unlessKnown('llhttp', one.text, disagreement(split, llhttp));
    const splitting = splitDifference(whole, split);
    if (framing === undefined && splitting === undefined) return [];
    return [{ ...one, framing, splitting, torus: split.refused, llhttp: llhttp.refused }];
  });
  return { findings, accepted: readings.filter(({ split }) => split.messages[0]?.complete === true).length };
}

describe('responses read by Torus and by llhttp', () => {
  it('that once found something are framed in the same way, or refused', async () => {
    expect((await judge(responseCorpus().map((one) => ({ method: 'GET', ...one })))).findings).toEqual([]);
  });

  it(
    'are framed in the same way, or refused, in whatever pieces they arrive',
    async () => {
      const random = new Random(seed);
      await judgeBatches('responses', BATCH, () =>
        judge(Array.from({ length: BATCH }, () => generate(random))),
      );
    },
    timeoutMs,
  );
});
