/** Owns the human-readable form of log lines, used by `torus dev`. */
import { isatty } from 'node:tty';
import { build } from 'pino-pretty';
import type { DestinationStream } from 'pino';

/** Writes each line to stdout before `write` returns, so that lines of several processes keep their order. */
export const prettyStream = (): DestinationStream =>
  build({
    sync: true,
    destination: 1,
    ignore: 'role,hostname',
    translateTime: 'HH:MM:ss.l',
    colorize: isatty(1),
  });
