/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

// Sources are ES modules; tests run them compiled to CommonJS, one file at a time, so that no experimental flag is needed.
// Types are checked by `npm run types`, not here.
const transform: Config['transform'] = {
  '^.+\\.ts$': [
    'ts-jest',
    {
      tsconfig: {
        target: 'ES2023',
        module: 'CommonJS',
        moduleResolution: 'Bundler',
        esModuleInterop: true,
        isolatedModules: true,
        verbatimModuleSyntax: false,
        sourceMap: true,
        inlineSources: true,
      },
      transpilation: true,
      diagnostics: false,
    },
  ],
};

type Suite = 'unit' | 'contract' | 'integration' | 'conformance' | 'fuzz';

/** A file that makes its own case for a longer timeout says so with `jest.setTimeout` or the third argument of `it`. */
const suite = (name: Suite): Exclude<NonNullable<Config['projects']>[number], string> => ({
  displayName: name,
  rootDir: '.',
  testEnvironment: '<rootDir>/test/support/leak-check-environment.ts',
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/test/architecture/planted/'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform,
});

// No forceExit: the environment fails a file that leaves a handle open, and scripts/run-jest.mjs ends a run that cannot exit.
const config: Config = {
  projects: [suite('unit'), suite('contract'), suite('integration'), suite('conformance'), suite('fuzz')],
  // Most of the time of a test is waiting: for servers to start, for time limits.
  maxWorkers: 3,
  testTimeout: 30_000,
};
export default config;
