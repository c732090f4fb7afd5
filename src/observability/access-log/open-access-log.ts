/** Owns the step from the log settings of a snapshot to the access log of this process. */
import type { AccessLogConfig, LogConfig } from '../../contracts/config.js';
import type { LogOutput } from '../../contracts/log-output.js';
import type { Log } from '../logger.js';
import type { AccessLogLines } from './access-log.js';
import { AccessLog } from './access-log.js';
import { commonLines } from './common-lines.js';
import { FollowedFile } from './followed-file.js';
import { jsonLines } from './json-lines.js';
import type { LineSink } from './line-sink.js';
import { bufferedStdout, prettyStdout } from './standard-output.js';
import { LogTrouble } from './log-trouble.js';

export interface AccessLogServices {
  readonly output: LogOutput;
  /** Is told of trouble with the file. */
  readonly log: Pick<Log, 'error' | 'info'>;
}

/** Undefined when none is to be written. */
export const openAccessLog = (config: LogConfig, services: AccessLogServices): AccessLog | undefined => {
  const { access } = config;
  if (access === undefined || config.level === 'silent') return undefined;
  return new AccessLog({
    sink: sinkFor(access, config.pretty, services),
    lines: linesFor(access),
    sample: access.sample,
    now: Date.now,
    random: Math.random,
  });
};

const sinkFor = (
  { file }: AccessLogConfig,
  pretty: boolean,
  { output, log }: AccessLogServices,
): LineSink => {
  if (file !== undefined) return new FollowedFile(file, output, new LogTrouble(log, file));
  return pretty ? prettyStdout() : bufferedStdout(output);
};

const linesFor = ({ format, fields }: AccessLogConfig): AccessLogLines =>
  format === 'json' ? jsonLines(process.pid, fields) : commonLines(format === 'combined');
