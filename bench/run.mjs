/** Owns the order of the bench: prepare, find the peers, run each scenario, report, clean up. See README.md beside it. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeCertificate } from './fixtures/certificate.mjs';
import { requestHeaders } from './fixtures/request-headers.mjs';
import { signToken } from './fixtures/token.mjs';
import { startUpstream } from './fixtures/upstream.mjs';
import { openSslEnvironment } from './load/tls-client.mjs';
import { describeMachine } from './measure/machine.mjs';
import { parseOptions, selectScenarios, USAGE } from './options.mjs';
import { PeerFinder } from './peer-finder.mjs';
import { killAllChildren } from './processes/child-processes.mjs';
import { killRunning } from './processes/run-to-end.mjs';
import { toMarkdown } from './report.mjs';
import { saveResult } from './results-folder.mjs';
import { runScenario } from './run-scenario.mjs';
import { notCovered, scenarios } from './scenarios/index.mjs';
import { prepare } from '../scripts/prepare.mjs';

/** Progress goes to standard error, so that standard output is the report and nothing else. @param {string} line */
const say = (line) => process.stderr.write(`${line}\n`);

const cleanUpAtExit = (scratch) => {
  process.once('exit', () => {
    killAllChildren();
    killRunning();
    rmSync(scratch, { recursive: true, force: true });
  });
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])
    process.once(signal, () => process.exit(code));
};

/** @param {string} scratch */
const setStage = async (scratch) => {
  const certificate = await makeCertificate(scratch);
  return { scratch, certificate, upstream: await startUpstream(scratch) };
};

/** @param {import('./options.mjs').Options} options */
const bench = async ({ rounds, seconds, only, peers, quick }) => {
  const selected = selectScenarios(scenarios, only);
  await prepare();
  const machine = describeMachine();
  if (machine.tools.wrk === 'none') throw new Error('wrk is not installed (Debian: apt-get install wrk)');
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'torus-bench-'));
  cleanUpAtExit(scratch);
  const stage = await setStage(scratch);
  const session = {
    seconds,
    scratch,
    headers: requestHeaders(signToken()),
    wrkEnv: openSslEnvironment(scratch),
  };
  const finder = new PeerFinder(peers);
  const isThere = (peer) => finder.isThere(peer);
  const results = [];
  for (const scenario of selected)
    results.push(await runScenario(scenario, { session, stage, rounds, say, isThere }));
  await stage.upstream.stop();
  return {
    machine,
    versions: finder.versions,
    options: { rounds, seconds, only, peers, quick },
    scenarios: results,
    notRun: [...notCovered, ...finder.missing],
  };
};

const main = async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return console.log(USAGE);
  if (options.list) return scenarios.forEach(({ id, title }) => console.log(`${id.padEnd(18)}${title}`));
  const result = await bench(options);
  console.log(toMarkdown(result));
  say(`saved as ${saveResult(result)}`);
};

try {
  await main();
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
