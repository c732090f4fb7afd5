/** Owns what a check finds: how grave it is, what it is, and what to do about it. */

/** Only problems make the exit code 1. */
export type Level = 'ok' | 'warning' | 'problem';

export interface Finding {
  /** What was looked at: `listener edge`, `upstream users`. */
  readonly subject: string;
  readonly level: Level;
  readonly message: string;
  /** Of everything that is not ok. */
  readonly advice?: string;
}

export const ok = (subject: string, message: string): Finding => ({ subject, level: 'ok', message });

export const warning = (subject: string, message: string, advice: string): Finding => ({
  subject,
  level: 'warning',
  message,
  advice,
});

export const problem = (subject: string, message: string, advice: string): Finding => ({
  subject,
  level: 'problem',
  message,
  advice,
});
