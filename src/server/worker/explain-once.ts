/** Owns a process that answers one question about one snapshot, and ends: the data plane without listeners or a primary. */
import type { ConfigSnapshot } from '../../contracts/config.js';
import type { ExplainAnswer, ExplainQuestion } from '../../contracts/explanation.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import { messageOf } from '../../errors/message-of.js';
import { explainOnce } from './compose.js';

interface Message {
  readonly snapshot: ConfigSnapshot;
  readonly question: ExplainQuestion;
}

/** Nothing happens that could be counted. */
const SILENT = new Proxy({}, { get: () => () => undefined }) as Telemetry;

/** No worker has looked at the endpoints, nobody has fetched keys, and nothing is traced. */
const NOBODY = {
  tracing: { tracerFor: () => undefined },
  keySets: { current: () => undefined, refresh: () => Promise.resolve(undefined) },
  endpoints: {
    feedFor: () => ({ current: () => undefined, follow: () => () => undefined, report: () => undefined }),
  },
};

const answerTo = ({ snapshot, question }: Message): ExplainAnswer => {
  try {
    return explainOnce(snapshot, { ...NOBODY, telemetry: SILENT }, question);
  } catch (error) {
    return { problem: messageOf(error) };
  }
};

process.once('message', (message) => {
  process.send?.(answerTo(message as Message), undefined, {}, () => process.disconnect());
});
