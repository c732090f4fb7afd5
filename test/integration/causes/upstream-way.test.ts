/** Causes on the way to an upstream: nothing to pick, limits and queues, connections that fail, time that runs out. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  freePort,
  makeTempDir,
  metricSum,
  removeTempDir,
  requestHead,
  startBlackHole,
  startScriptedUpstream,
  startUpstream,
  until,
} from '../../support/index.js';
import { CauseStage, answered } from './cause-stage.js';

let held = 0;
const HOLDING = { hold: (): void => void (held += 1) };

const stage = new CauseStage(async () => {
  const holding = await startScriptedUpstream(HOLDING);
  const silent = await startUpstream((socket) => socket.on('end', () => socket.end()).resume());
  const plaintext = await startUpstream((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const hole = await startBlackHole();
  const dir = makeTempDir('causes');
  const file = path.join(dir, 'endpoints.json');
  writeFileSync(file, '[]');
  const asTls = (port: number): string => `https://127.0.0.1:${String(port)}`;
  const timeouts = { connect: '300ms' };
  const one = { maxRequests: 1, pendingTimeout: '300ms' };
  const upstreams: Record<string, object> = {
    none: { discovery: { file } },
    exceeded: { endpoints: [holding.url], limits: { ...one, maxPending: 0 } },
    adaptive: { endpoints: [holding.url], adaptiveConcurrency: { min: 1, initial: 1 } },
    full: { endpoints: [holding.url], limits: { ...one, maxPending: 1, pendingTimeout: '5s' } },
    queue: { endpoints: [holding.url], limits: { ...one, maxPending: 1 } },
    refused: { endpoints: [`http://127.0.0.1:${String(await freePort())}`] },
    blackhole: { endpoints: [hole.url], timeouts },
    nameless: { endpoints: ['http://no-such-name.invalid:9'] },
    'not-http2': { endpoints: [plaintext.url], protocol: 'http2' },
    plaintext: { endpoints: [asTls(plaintext.port)] },
    silent: { endpoints: [asTls(silent.port)], timeouts },
    attempt: { endpoints: [holding.url] },
    exchange: { endpoints: [holding.url] },
  };
  const more: Record<string, object> = {
    attempt: { retry: { attempts: 1, perTryTimeout: '200ms' } },
    exchange: { timeouts: { request: '300ms' } },
  };
  const named = Object.keys(upstreams).map((name) => ({
    name,
    match: { host: name, path: '/*' },
    upstream: name,
    ...more[name],
  }));
  return {
    upstreams: [holding, silent, plaintext],
    close: async () => {
      removeTempDir(dir);
      await hole.close();
    },
    config: { upstreams, routes: named },
  };
});

const headFor = (upstream: string): string =>
  requestHead(`GET ${stage.path('hold')}`).replace('example.test', upstream);

const ask = async (upstream: string) => answered(await (await stage.connect()).exchange(headFor(upstream)));

/** A request that runs, and stays. */
const hold = async (upstream: string): Promise<void> => {
  const before = held;
  await (await stage.connect()).send(headFor(upstream));
  await until(() => held > before);
};

stage.drives('upstream.pick.none-available', 'an upstream whose list of endpoints is empty', () =>
  ask('none'),
);

describe('a limit', () => {
  stage.drives('upstream.limit.exceeded', 'one more than maxRequests, where nobody may wait', async () => {
    await hold('exceeded');
    return ask('exceeded');
  });
  stage.drives('upstream.limit.adaptive', 'one more than the adaptive limit', async () => {
    await hold('adaptive');
    return ask('adaptive');
  });
  stage.drives('upstream.queue.full', 'one more than may run and wait', async () => {
    await hold('full');
    await (await stage.connect()).send(headFor('full'));
    await until(
      async () => (await metricSum(stage.torus, 'torus_upstream_pending', { upstream: 'full' })) === 1,
    );
    return ask('full');
  });
  stage.drives('upstream.queue.timeout', 'a place that does not become free in time', async () => {
    await hold('queue');
    return ask('queue');
  });
});

describe('a connection', () => {
  stage.drives('upstream.connect.refused', 'to a port that nobody listens on', () => ask('refused'));
  stage.drives('upstream.connect.timeout', 'to a host that drops the packets', () => ask('blackhole'));
  stage.drives('upstream.connect.unresolved', 'to a name that there is not', () => ask('nameless'));
  stage.drives('upstream.connect.failed', 'for HTTP/2 to a server that answers in HTTP/1.1', () =>
    ask('not-http2'),
  );
  stage.drives('upstream.tls.failed', 'for TLS to a server that speaks none', () => ask('plaintext'));
  stage.drives('upstream.tls.timeout', 'for TLS to a server that says nothing', () => ask('silent'));
});

describe('time', () => {
  stage.drives('upstream.attempt.timeout', 'runs out for every attempt', () => ask('attempt'));
  stage.drives('upstream.exchange.timeout', 'runs out for the whole', () => ask('exchange'));
});
