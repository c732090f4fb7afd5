/** Owns how many files are open while the modules of a half of Torus are loaded. */
import { createRequire } from 'node:module';

/**
 * Loads a module of Torus, and what it imports, one file after the other. `import()` opens all files of a level at once, about a
 * hundred, and dies of EMFILE where `ulimit -n` is lower than that; what has been loaded here it finds in place. Where Node cannot
 * require ES modules (before 22.12, but for 20.19 and later ones) nothing is done, and `import()` loads as ever.
 *
 * `specifier` is relative to `from`, the path or URL of a module.
 */
export const loadOneByOne = (specifier: string, from: string): void => {
  if (process.features.require_module) createRequire(from)(specifier);
};
