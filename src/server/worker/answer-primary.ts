/** Owns the way from a question of the primary to the worker's answer. */
import { messageOf } from '../../errors/message-of.js';
import type { AnswerMessage, Answers, AskMessage } from '../ipc/questions.js';

/** Never rejects: what cannot be answered is said in the answer. */
export const answerPrimary = async (
  /** Undefined before the worker serves. */
  answers: Answers | undefined,
  { request, kind, question }: AskMessage,
): Promise<AnswerMessage> => {
  try {
    const answer = handlerOf(answers, kind);
    if (answer === undefined) throw new Error(`this worker knows no question "${kind}"`);
    return { type: 'answer', request, result: { ok: true, answer: await answer(question) } };
  } catch (error) {
    const problem = messageOf(error);
    return { type: 'answer', request, result: { ok: false, problem } };
  }
};

type Handler = (question: object) => unknown;

const handlerOf = (answers: Answers | undefined, kind: string): Handler | undefined =>
  answers !== undefined && Object.hasOwn(answers, kind)
    ? (answers as Readonly<Record<string, Handler>>)[kind]
    : undefined;
