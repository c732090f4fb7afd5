/** Owns what the primary may ask of a worker at any time, and what the worker answers. Plain data on both ways. */
import type { ExplainAnswer, ExplainQuestion } from '../../contracts/explanation.js';
import type { LogConfig } from '../../contracts/config.js';
import type { StreamQuery, StreamSelection, WorkerConnections } from '../../contracts/live-view.js';
import type { OverloadReport } from './overload-report.js';

/** Kind of question -> what is asked and what is answered. */
export interface Questions {
  /** Records where the time goes, into a file that is not there yet. */
  'cpu-profile': {
    readonly question: { readonly durationMs: number; readonly file: string };
    readonly answer: true;
  };
  /** Writes the heap into that file. Nothing else is done meanwhile. */
  'heap-snapshot': { readonly question: { readonly file: string }; readonly answer: true };
  /** What would become of a request that began now. */
  explain: { readonly question: ExplainQuestion; readonly answer: ExplainAnswer };
  /** Logs at this level from now on, until the next reload. Answers with the former level. */
  'set-log-level': { readonly question: { readonly level: LogConfig['level'] }; readonly answer: string };
  /** Which exchanges run. */
  streams: { readonly question: StreamQuery; readonly answer: StreamSelection };
  /** Ends the exchanges with that id. Answers with how many there were. */
  'kill-stream': { readonly question: { readonly id: string }; readonly answer: number };
  /** Who holds the connections. */
  connections: { readonly question: { readonly maxClients: number }; readonly answer: WorkerConnections };
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
