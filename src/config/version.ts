/** Owns the version of this installation. */
import { createRequire } from 'node:module';

/** The version in package.json, wherever the program was started from. */
export const readVersion = (): string => {
  const manifest = createRequire(import.meta.url)('../../package.json') as { readonly version: string };
  return manifest.version;
};
