/** Owns what the primary may ask of a worker at any time, and what the worker answers. Plain data on both ways. */
import type { LogConfig } from '../../contracts/config.js';
import type { OverloadReport } from './overload-report.js';

/** Kind of question -> what is asked and what is answered. */
export interface Questions {
  /** Logs at this level from now on, until the next reload. Answers with the former level. */
  'set-log-level': { readonly question: { readonly level: LogConfig['level'] }; readonly answer: string };
  /** Where it stands on its overload ladder, and why. */
  overload: { readonly question: object; readonly answer: OverloadReport };
}

export type QuestionKind = keyof Questions;
export type Question<K extends QuestionKind> = Questions[K]['question'];
export type Answer<K extends QuestionKind> = Questions[K]['answer'];

/** What can answer. A thrown error reaches the one who asked as its message. */
export type Answers = {
  readonly [K in QuestionKind]: (question: Question<K>) => Answer<K> | Promise<Answer<K>>;
};

export interface AskMessage {
  readonly type: 'ask';
  readonly request: number;
  readonly kind: string;
  readonly question: object;
}

export interface AnswerMessage {
  readonly type: 'answer';
  readonly request: number;
  readonly result:
    { readonly ok: true; readonly answer: unknown } | { readonly ok: false; readonly problem: string };
}
