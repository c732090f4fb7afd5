/** How long and from which seed to fuzz: a moment in the gate, as long as wished in `npm run fuzz`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const seconds = Number(process.env['TORUS_FUZZ_SECONDS'] ?? '0');

/** True in `npm run fuzz`. */
export const isLongRun = seconds > 0;
export const seed = Number(process.env['TORUS_FUZZ_SEED'] ?? '1');
/** Time for each kind of fuzzing, milliseconds. */
export const budgetMs = (shortMs: number): number => (isLongRun ? seconds * 1000 : shortMs);
/** A run that has found this much is wrong in one place: it stops. */
export const MAX_FINDINGS = 25;
/** For Jest, with room for what comes before and after. */
export const timeoutMs = budgetMs(0) + 60_000;

export interface RunReport {
  readonly name: string;
  readonly cases: number;
  readonly findings: readonly object[];
  readonly [fact: string]: unknown;
}

/** Leaves what a run did where `npm run fuzz` picks it up. */
export function report(run: RunReport): void {
  if (!isLongRun) return;
  const folder = path.resolve(__dirname, '../../.cache/fuzz');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, `${run.name}.json`), JSON.stringify({ ...run, seed, seconds }, null, 2));
}
