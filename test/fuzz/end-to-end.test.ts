/** What the built gateway forwards of generated requests is framed in one way only, whoever the upstream is. */
import { startNginx, hasNginx, type Nginx, type RunningTorus } from '../support/index.js';
import { requestCorpus, unlessKnown } from './corpus.js';
import { exchangeOn } from './exchange.js';
import { compareReaders, emptyTally, forwardAll, headsIn, type Tally } from './forwarding-check.js';
import { startGateway } from './gateway.js';
import { Random } from './random.js';
import { readAll, type FuzzCase } from './read-requests.js';
import { requestCases } from './request-cases.js';
import { budgetMs, isLongRun, MAX_FINDINGS, report, seed, timeoutMs } from './run-options.js';
import { hasHaproxy, NGINX_ECHO, startHaproxy, type Haproxy } from './start-haproxy.js';
import { startRecorder, type Recorder } from './start-recorder.js';
import { openTorus } from './torus-requests.js';

const BATCH = 25;
const hasPeers = hasNginx() && hasHaproxy();
/** Missing peers are an error wherever somebody relies on them. */
const describeWithPeers = hasPeers || isLongRun || process.env['CI'] !== undefined ? describe : describe.skip;

async function forAWhile(shortMs: number, tally: Tally, step: () => Promise<void>): Promise<void> {
  const endsAt = performance.now() + budgetMs(shortMs);
  do await step();
  while (performance.now() < endsAt && tally.findings.length < MAX_FINDINGS);
}

describe('requests forwarded to node:http', () => {
  let recorder: Recorder;
  let torus: RunningTorus;
  beforeAll(async () => {
    recorder = await startRecorder();
    torus = await startGateway([recorder.url]);
  });
  afterAll(async () => {
    await torus.stop();
    await recorder.close();
  });

  it(
    'are each read as the one request that Torus read, and leave the connection clean',
    async () => {
      const random = new Random(seed);
      const tally = emptyTally();
      await forwardAll(torus, requestCorpus(), random, tally);
      await forAWhile(800, tally, () => forwardAll(torus, requestCases(random, BATCH), random, tally));
      const faults = recorder.faults.filter((fault) => unlessKnown('recorder', '', fault));
      report({ name: 'forwarded-to-node', ...tally, faults, connections: recorder.acceptedSockets });
      expect({ findings: tally.findings, faults }).toEqual({ findings: [], faults: [] });
      expect(tally.echoed).toBeGreaterThan(0);
    },
    timeoutMs,
  );

  it(
    'are the same bytes in whatever pieces they arrived',
    async () => {
      const random = new Random(seed + 1);
      const tally = emptyTally();
      const forwardedBy = async (one: FuzzCase, expected: number): Promise<string> => {
        const before = recorder.received.map(({ bytes }) => bytes.length);
        await exchangeOn(torus.port(), one, expected);
        const news = recorder.received.map(({ bytes }, index) => bytes.slice(before[index] ?? 0));
        return headsIn(news.join(''));
      };
      await forAWhile(800, tally, async () => {
        const [one] = requestCases(random, 1);
        const [reading] = one === undefined ? [] : await readAll([one], openTorus);
        if (one === undefined || reading === undefined || reading.refused !== undefined) return;
        const expected = reading.messages.filter(({ complete }) => complete).length;
        // Several requests may take several upstream connections: their order there says nothing.
        if (expected !== 1 || reading.messages.length !== 1) return;
        const split = await forwardedBy(one, expected);
        const whole = await forwardedBy({ ...one, cuts: [] }, expected);
        tally.cases += 1;
        if (split !== whole) tally.findings.push({ ...one, split, whole });
      });
      report({ name: 'segmentation', ...tally });
      expect(tally.findings).toEqual([]);
    },
    timeoutMs,
  );
});

describeWithPeers('requests forwarded to nginx and HAProxy', () => {
  let nginx: Nginx;
  let haproxy: Haproxy;
  let torus: RunningTorus;
  beforeAll(async () => {
    [nginx, haproxy] = await Promise.all([startNginx(NGINX_ECHO), startHaproxy()]);
    torus = await startGateway([nginx.url, haproxy.url]);
  });
  afterAll(async () => {
    await torus.stop();
    await Promise.all([nginx.stop(), haproxy.stop()]);
  });

  it(
    'are each read as the one request that Torus read, and leave the connection clean',
    async () => {
      const random = new Random(seed + 2);
      const tally = emptyTally();
      await forwardAll(torus, requestCorpus(), random, tally);
      await forAWhile(800, tally, () => forwardAll(torus, requestCases(random, BATCH), random, tally));
      report({ name: 'forwarded-to-peers', ...tally });
      expect(tally.findings).toEqual([]);
      expect(tally.echoed).toBeGreaterThan(0);
    },
    timeoutMs,
  );

  it(
    'would not have been framed otherwise by them in the first place',
    async () => {
      const random = new Random(seed + 3);
      const tally = emptyTally();
      await forAWhile(500, tally, async () => {
        const cases = requestCases(random, BATCH);
        await compareReaders('nginx', nginx.port, cases, tally);
        await compareReaders('haproxy', haproxy.port, cases, tally);
      });
      report({ name: 'read-by-peers', ...tally });
      expect(tally.findings).toEqual([]);
      expect(tally.echoed).toBeGreaterThan(0);
    },
    timeoutMs,
  );
});
