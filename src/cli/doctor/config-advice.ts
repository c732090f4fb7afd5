/** Owns what to do about a problem of the configuration itself. */
import { resolve } from 'node:path';
import { DEFAULT_FILES } from '../../config/index.js';
import type { ConfigProblem } from '../../contracts/config.js';

/** Where the configuration was looked for. */
export interface Origin {
  readonly cwd: string;
  /** No file was named, and none of the default ones is there. */
  readonly isEnvironmentAlone: boolean;
}

export const RENEW = 'Renew it; Torus takes the new files on SIGHUP, and by itself with watch: true.';
export const LOOK_AT_CLOCK = 'If that is past, the clock of this host is wrong.';

export const adviceFor = (problem: ConfigProblem, origin: Origin): string => {
  const { path, message, file } = problem;
  if (path === '' && file !== undefined && message === 'does not exist') return nameOne(file, origin);
  const [, missing] = /\bfile (.+) does not exist$/.exec(message) ?? [];
  if (missing !== undefined) return createIt(missing, origin);
  return forMessage(message) ?? (origin.isEnvironmentAlone ? withoutFile(origin) : KEYS);
};

const KEYS = 'docs/configuration.md has every key.';

/** In the words of those who read the files. */
const forMessage = (message: string): string | undefined => {
  if (message.endsWith('permission denied')) return 'Let the user that Torus runs as read it.';
  if (/ file .+ expired on /.test(message)) return RENEW;
  return / file .+ is not valid before /.test(message) ? LOOK_AT_CLOCK : undefined;
};

const nameOne = (file: string, { cwd }: Origin): string =>
  `It was looked for at ${resolve(cwd, file)}. Create it, or name another with --config; docs/first-minute.md begins with one.`;

const createIt = (file: string, { cwd }: Origin): string =>
  `It was looked for at ${resolve(cwd, file)}. Create it, or correct its path, which begins at the folder of the configuration.`;

const withoutFile = ({ cwd }: Origin): string =>
  `There is no ${DEFAULT_FILES.join(', ')} in ${cwd}: name a file with --config, or set this variable (docs/configuration.md).`;
