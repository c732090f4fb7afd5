/** Owns loading a module of the bench (plain ESM, run by Node as it is) into Jest, which runs CommonJS. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { compileFunction } from 'node:vm';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';

const BENCH = path.resolve(__dirname, '../../../bench');

const load = (file: string): object => {
  const compilerOptions = { module: ModuleKind.CommonJS, target: ScriptTarget.ES2023, allowJs: true };
  // Under its own name, .mjs, TypeScript would leave it an ES module.
  const { outputText } = transpileModule(readFileSync(file, 'utf8'), {
    compilerOptions,
    fileName: 'module.js',
  });
  const exports = {};
  const nodeRequire = createRequire(file);
  const requireModule = (name: string): unknown =>
    name.startsWith('.') ? load(path.resolve(path.dirname(file), name)) : nodeRequire(name);
  compileFunction(outputText, ['exports', 'require'], { filename: file })(exports, requireModule);
  return exports;
};

/** `name` is relative to bench/. The caller says what it exports: those modules carry their types in comments. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows, nobody else can
export const loadBenchModule = <Exports extends object>(name: string): Exports =>
  load(path.join(BENCH, name)) as Exports;
