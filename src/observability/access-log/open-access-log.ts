/** Owns the step from the log settings of a snapshot to the access log of this process. */
import type { AccessLogConfig, LogConfig } from '../../contracts/config.js';
import type { AccessLogLines } from './access-log.js';
import { AccessLog } from './access-log.js';
import { commonLines } from './common-lines.js';
import { jsonLines } from './json-lines.js';
import type { IsSameFile, LineSink } from './line-sink.js';
import { bufferedFile, bufferedStdout, prettyStdout } from './line-sink.js';

/** Undefined when none is to be written. */
export const openAccessLog = (config: LogConfig, isSameFile: IsSameFile): AccessLog | undefined => {
  const { access } = config;
  if (access === undefined || config.level === 'silent') return undefined;
  return new AccessLog({
    sink: sinkFor(access, config.pretty, isSameFile),
    lines: linesFor(access),
    sample: access.sample,
    now: Date.now,
    random: Math.random,
  });
};

const sinkFor = ({ file }: AccessLogConfig, pretty: boolean, isSameFile: IsSameFile): LineSink => {
  if (file !== undefined) return bufferedFile(file, isSameFile);
  return pretty ? prettyStdout() : bufferedStdout();
};

const linesFor = ({ format, fields }: AccessLogConfig): AccessLogLines =>
  format === 'json' ? jsonLines(process.pid, fields) : commonLines(format === 'combined');
