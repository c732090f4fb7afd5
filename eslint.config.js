// @ts-check
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const NODE_GLOBALS = Object.fromEntries(
  [
    'console',
    'process',
    'Buffer',
    'URL',
    'AbortSignal',
    'AbortController',
    'fetch',
    'performance',
    'structuredClone',
    'setTimeout',
    'clearTimeout',
    'setInterval',
    'clearInterval',
    'setImmediate',
    'queueMicrotask',
    'TextDecoder',
    'TextEncoder',
  ].map((name) => [name, 'readonly']),
);

// One selector per promise of the design. A line that must break one says why in a disable comment.
const bans = {
  exit: {
    selector:
      "CallExpression[callee.object.name='process'][callee.property.name=/^(exit|reallyExit|abort)$/]",
    message: 'Only src/index.ts ends the process.',
  },
  pipe: {
    selector: "CallExpression[callee.property.name='pipe']",
    message: 'Use pipeline() from node:stream/promises: pipe() leaks on error.',
  },
  env: {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: 'Only src/config reads the environment.',
  },
  now: {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'Take a clock: Timers.now() for durations, FilterServices.now() for wall time.',
  },
  newDate: {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Take a clock: Timers.now() for durations, FilterServices.now() for wall time.',
  },
  defaultExport: {
    selector: 'ExportDefaultDeclaration',
    message: 'Name what you export.',
  },
};
/** @param {(keyof typeof bans)[]} names @returns {['error', ...(typeof bans.exit)[]]} */
const ban = (...names) => ['error', ...names.map((name) => bans[name])];

export default defineConfig(
  { ignores: ['dist/', 'coverage/', 'node_modules/', '.cache/', 'test/architecture/planted/'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    files: ['src/**/*.ts', 'dashboard/**/*.ts', 'test/**/*.ts', 'jest.config.ts'],
    languageOptions: {
      parserOptions: {
        project: ['tsconfig.json', 'dashboard/tsconfig.json', 'test/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // Callbacks of emitters and timers are written as short arrows; their value is ignored by design.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Classes with a lifetime are the rule here; a stateless one is caught in review.
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      'no-console': 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'], location: 'anywhere' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      complexity: ['error', 12],
      'max-params': ['error', 4],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ban('exit', 'pipe', 'env', 'now', 'newDate', 'defaultExport'),
      // The wire is bytes: control characters in expressions are meant.
      'no-control-regex': 'off',
    },
  },
  {
    files: ['src/index.ts'],
    rules: { 'no-restricted-syntax': ban('pipe', 'env', 'now', 'newDate', 'defaultExport') },
  },
  {
    files: ['src/config/**/*.ts'],
    rules: { 'no-restricted-syntax': ban('exit', 'pipe', 'now', 'newDate', 'defaultExport') },
  },
  {
    files: ['src/observability/**/*.ts', 'src/server/**/*.ts', 'src/cli/**/*.ts'],
    rules: { 'no-restricted-syntax': ban('exit', 'pipe', 'env', 'defaultExport') },
  },
  {
    files: ['src/contracts/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'Program > :not(ImportDeclaration, ExportAllDeclaration, TSInterfaceDeclaration, TSTypeAliasDeclaration, ExportNamedDeclaration[exportKind="type"])',
          message: 'contracts/ holds types only.',
        },
      ],
    },
  },
  {
    // Names that open no socket, for the folders the import rules let near these modules.
    files: ['src/config/**/*.ts', 'src/http/**/*.ts', 'src/proxy/filters/ip-allow/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'node:net',
              allowImportNames: ['isIP', 'isIPv4', 'isIPv6', 'BlockList'],
              message: 'Address arithmetic only.',
            },
            { name: 'node:http', allowImportNames: ['STATUS_CODES'], message: 'The table of reasons only.' },
            {
              name: 'node:tls',
              allowImportNames: ['createSecureContext'],
              message: 'To check that a key fits its certificate only.',
            },
            ...['node:https', 'node:http2', 'node:dgram'].map((name) => ({
              name,
              message: 'Opens sockets.',
            })),
          ],
        },
      ],
    },
  },
  {
    // The page runs in a browser: of src/ it may have only what needs nothing of Node.
    files: ['dashboard/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['node:*'], message: 'A browser has none of it.' },
            {
              regex: '/src/(?!contracts/|observability/status/|errors/causes[.]js|cli/explain-text[.]js)',
              message:
                'Only contracts/, errors/causes, observability/status/ and cli/explain-text are made for both sides.',
            },
          ],
        },
      ],
      'no-restricted-properties': [
        'error',
        ...['innerHTML', 'outerHTML', 'insertAdjacentHTML'].map((property) => ({
          property,
          message: 'What an instance says is text: it never becomes markup.',
        })),
      ],
    },
  },
  {
    // Tests speak to processes and sockets as an outsider, and arrange before they judge.
    files: ['test/**/*.ts', 'jest.config.ts'],
    rules: {
      complexity: 'off',
      'max-lines': ['error', { max: 800, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': 'off',
      'no-restricted-syntax': ban('exit', 'pipe'),
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
    },
  },
  {
    files: ['**/*.{js,cjs,mjs}'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: { ...NODE_GLOBALS, module: 'writable', require: 'readonly', __dirname: 'readonly' },
    },
    rules: {
      '@typescript-eslint/no-require-imports': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
    },
  },
);
