/** Owns the human-readable form of log lines, used by `torus dev`. */
import { isatty } from 'node:tty';
import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { harmlessLines } from '../http/shown-text.js';

/** Writes each line to stdout before `write` returns, so that lines of several processes keep their order. */
export const prettyStream = (): DestinationStream => {
  const pretty = prettyFactory({
    ignore: 'role,hostname',
    translateTime: 'HH:MM:ss.l',
    colorize: isatty(1),
  });
  const stdout = pino.destination({ dest: 1, sync: true });
  return { write: (line) => stdout.write(harmlessLines(pretty(line))) };
};
