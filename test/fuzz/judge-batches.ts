/** Owns the loop of a differential run: batches of cases until the time is over, or so much was found that it is wrong in one place. */
import { budgetMs, MAX_FINDINGS, report } from './run-options.js';

export interface Judged {
  readonly findings: readonly object[];
  /** Messages that Torus took. */
  readonly accepted: number;
}

const SHORT_MS = 1_500;

/** Expects that nothing is found, and that cases are not so odd that hardly any is taken. */
export async function judgeBatches(
  name: string,
  batchSize: number,
  judgeBatch: () => Promise<Judged>,
): Promise<void> {
  const endsAt = performance.now() + budgetMs(SHORT_MS);
  const findings: object[] = [];
  let cases = 0;
  let accepted = 0;
  while (performance.now() < endsAt && findings.length < MAX_FINDINGS) {
    const judged = await judgeBatch();
    findings.push(...judged.findings);
    accepted += judged.accepted;
    cases += batchSize;
  }
  report({ name, cases, findings, acceptedMessages: accepted });
  expect(findings).toEqual([]);
  expect(accepted).toBeGreaterThan(cases / 10);
}
