/**
 * Owns the long run: mixed traffic through one worker with a small heap, while memory, sockets and descriptors are read every
 * few seconds. `npm run soak -- --minutes 10`. Ends with 1 when the worker died, erred, or did not stay flat.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { prepare } from '../scripts/prepare.mjs';
import { makeCertificate } from './fixtures/certificate.mjs';
import { requestHeaders } from './fixtures/request-headers.mjs';
import { signToken } from './fixtures/token.mjs';
import { startUpstream } from './fixtures/upstream.mjs';
import { roughClients } from './load/rough-clients.mjs';
import { openSslEnvironment } from './load/tls-client.mjs';
import { wrk } from './load/wrk.mjs';
import { processTree } from './measure/process-tree.mjs';
import { residentBytes } from './measure/resident-memory.mjs';
import { median } from './measure/statistics.mjs';
import { torus } from './peers/torus.mjs';
import { killAllChildren } from './processes/child-processes.mjs';
import { killRunning, runToEnd } from './processes/run-to-end.mjs';

const HEAP_MB = 128;
const SAMPLE_MS = 5_000;
const MIB = 2 ** 20;
/** The last quarter may be this much above the second: the first one is warm-up. */
const MAX_GROWTH_BYTES = 8 * MIB;
const PEER = { name: 'Torus', routes: 20, jwt: true, admin: true, heapMb: HEAP_MB };
const CONNECTIONS_CLIENT = path.resolve(import.meta.dirname, 'load/new-connections-client.mjs');

/** Everything at once, each until the time is over. @returns {Promise<number>[]} errors that clients saw */
const mixedLoad = (instance, { seconds, headers, env }) => {
  const { http, https } = instance.ports;
  const run = (url, connections, more = {}) =>
    wrk({ url, connections, seconds, headers, env, ...more }).then(({ errors }) => errors);
  const order = { port: https, tls: true, resume: true, connections: 4, seconds, path: '/', headers };
  return [
    run(`https://localhost:${https}/service-middle/users/42`, 16),
    run(`http://localhost:${http}/`, 8),
    run(`http://localhost:${http}/files/1m`, 2),
    run(`https://localhost:${https}/files/16k`, 4),
    run(`https://localhost:${https}/uploads`, 2, { script: 'upload.lua' }),
    runToEnd(process.execPath, [CONNECTIONS_CLIENT, JSON.stringify(order)], {
      timeoutMs: (seconds + 60) * 1000,
    }).then((text) => JSON.parse(text).errors),
    roughClients({ http, https, headers, seconds }).then(() => 0),
  ];
};

/** @param {number} pid */
const sampleOf = (pid) => ({ rss: residentBytes([pid]), descriptors: readdirSync(`/proc/${pid}/fd`).length });

const sampleUntil = async (pid, over) => {
  const samples = [];
  for (let done = false; !done;) {
    done = await Promise.race([over.then(() => true), delay(SAMPLE_MS, false)]);
    if (!done) samples.push(sampleOf(pid));
  }
  return samples;
};

/** @param {{ rss: number }[]} samples @param {number} number from 0 */
const quarterRss = (samples, number) => {
  const size = Math.floor(samples.length / 4);
  return median(samples.slice(number * size, (number + 1) * size).map(({ rss }) => rss));
};

const soak = async (minutes) => {
  await prepare();
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'torus-soak-'));
  process.once('exit', () => {
    killAllChildren();
    killRunning();
    rmSync(scratch, { recursive: true, force: true });
  });
  const stage = {
    scratch,
    certificate: await makeCertificate(scratch),
    upstream: await startUpstream(scratch),
  };
  const instance = await torus(PEER).start(stage);
  const [, worker] = processTree(instance.rootPid);
  const before = sampleOf(worker);
  const load = {
    seconds: minutes * 60,
    headers: requestHeaders(signToken()),
    env: openSslEnvironment(scratch),
  };
  const errors = Promise.all(mixedLoad(instance, load));
  const samples = await sampleUntil(worker, errors);
  await delay(SAMPLE_MS);
  const after = sampleOf(worker);
  const sameWorker = processTree(instance.rootPid)[1] === worker;
  await instance.stop();
  await stage.upstream.stop();
  return { samples, before, after, errors: await errors, sameWorker };
};

const mib = (bytes) => `${(bytes / MIB).toFixed(1)} MiB`;

const report = ({ samples, before, after, errors, sameWorker }) => {
  const quarters = [0, 1, 2, 3].map((number) => quarterRss(samples, number));
  console.log(
    `RSS of the worker under --max-old-space-size=${HEAP_MB}, median of each quarter: ${quarters.map(mib).join(', ')}`,
  );
  console.log(
    `descriptors: ${before.descriptors} before, ${Math.max(...samples.map(({ descriptors }) => descriptors))} at most, ${after.descriptors} after`,
  );
  console.log(`errors that clients saw, by kind of load: ${errors.join(', ')}`);
  const faults = [
    ...(sameWorker ? [] : ['the worker was replaced']),
    ...(errors.some((count) => count > 0) ? ['clients saw errors'] : []),
    ...(quarters[3] - quarters[1] > MAX_GROWTH_BYTES
      ? [`memory grew by ${mib(quarters[3] - quarters[1])}`]
      : []),
    ...(after.descriptors > before.descriptors + 130 ? ['descriptors were left open'] : []),
  ];
  console.log(faults.length === 0 ? 'flat' : `NOT FLAT: ${faults.join('; ')}`);
  return faults.length === 0 ? 0 : 1;
};

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes takes a number above 0: ${values.minutes}`);
process.exitCode = report(await soak(minutes));
process.exit();
