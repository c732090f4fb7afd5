/** Owns how operational log lines are made: JSON on stdout (or pretty), with secrets taken out by field name. */
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { harmlessLines } from '../http/shown-text.js';
import { prettyStream } from './pretty-stream.js';
import { redactFields, describeError } from './redaction.js';

export type Log = Logger;

export interface LoggerOptions {
  readonly level: string;
  readonly pretty: boolean;
  readonly role: 'primary' | 'worker';
  /** Where lines go; stdout, written synchronously, unless a test says otherwise. */
  readonly destination?: DestinationStream;
}

/** A logger whose every line carries pid and role. Lines are out when the call returns. */
export const createLogger = (options: LoggerOptions): Log =>
  pino(
    {
      level: options.level,
      base: { pid: process.pid, role: options.role },
      formatters: { log: redactFields, level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    options.pretty && options.destination === undefined
      ? prettyStream()
      : harmless(options.destination ?? pino.destination({ dest: 1, sync: true })),
  );

/** Errors may repeat what a stranger sent; lines may end on a terminal. */
const harmless = (destination: DestinationStream): DestinationStream => ({
  write: (line) => destination.write(harmlessLines(line)),
});
