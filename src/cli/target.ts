/** Owns which instance a command is about, by its options. */
import type { AdminTarget } from './admin-client.js';
import type { CommandLine } from './verb.js';

export const targetOf = ({ options, cwd }: Pick<CommandLine, 'options' | 'cwd'>): AdminTarget => ({
  admin: options.admin,
  file: options.config,
  cwd,
});
