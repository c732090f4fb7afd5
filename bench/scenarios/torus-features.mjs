/** Owns the scenarios that compare Torus with itself: what routes, JWT, the access log and telemetry cost. */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { signToken } from '../fixtures/token.mjs';
import { torus } from '../peers/torus.mjs';
import { keptAlive, SMALL_CONNECTIONS, SMALL_PATH } from './kept-alive.mjs';
import { CPU_PER_REQUEST } from './scenario.mjs';

/** Twice what a worker remembers by default, so that a token is always forgotten when its turn comes again. */
const TOKENS = 20_000;

/** The most that the configuration takes. */
const UNLIMITED = 1_000_000;

const load = { scheme: /** @type {const} */ ('http'), path: SMALL_PATH, connections: SMALL_CONNECTIONS };

/** @param {string} scratch @returns {string} file with a token on each line */
const tokenFile = (scratch) => {
  const file = path.join(scratch, 'tokens.txt');
  if (!existsSync(file))
    writeFileSync(file, Array.from({ length: TOKENS }, (_, serial) => signToken(serial)).join('\n'), {
      mode: 0o600,
    });
  return file;
};

/** @type {import('./scenario.mjs').Run} */
const newTokens = (instance, session) =>
  keptAlive({ ...load, script: 'tokens.lua', scriptArgs: [tokenFile(session.scratch)] })(instance, session);

/** @param {import('../peers/torus.mjs').TorusVariant} variant @param {import('./scenario.mjs').Run} [run] */
const subject = (variant, run = keptAlive(load)) => ({ name: variant.name, peer: torus(variant), run });

/** @param {string} id @param {string} title @param {readonly import('./scenario.mjs').Subject[]} subjects the first is the baseline */
const feature = (id, title, subjects) => ({
  id,
  title: `${title}, small answer, HTTP`,
  unit: CPU_PER_REQUEST,
  baseline: subjects[0].name,
  tls: false,
  freshEachRun: false,
  subjects,
});

/** @type {readonly import('./scenario.mjs').Scenario[]} */
export const torusFeatureScenarios = [
  feature('routes', 'routes', [
    subject({ name: 'Torus, 1 route', routes: 1 }),
    subject({ name: 'Torus, 10,000 routes', routes: 10_000 }),
  ]),
  feature('jwt', 'JWT', [
    subject({ name: 'Torus, JWT off' }),
    subject({ name: 'Torus, JWT off, new token each time' }, newTokens),
    subject({ name: 'Torus, JWT on, same token again', jwt: true }),
    subject({ name: 'Torus, JWT on, new token each time', jwt: true }, newTokens),
  ]),
  feature('access-log', 'access log', [
    subject({ name: 'Torus, access log off' }),
    subject({ name: 'Torus, access log on', accessLog: true }),
  ]),
  feature('telemetry', 'telemetry', [
    subject({ name: 'Torus, telemetry off' }),
    subject({ name: 'Torus, metrics and traces, as by default', admin: true, tracing: {} }),
    subject({ name: 'Torus, metrics and traces, none recorded', admin: true, tracing: { sampling: 0 } }),
    subject({
      name: 'Torus, metrics and traces, 10 % recorded',
      admin: true,
      tracing: { sampling: 0.1, tracesPerSecond: UNLIMITED },
    }),
    subject({
      name: 'Torus, metrics and traces, all recorded',
      admin: true,
      tracing: { tracesPerSecond: UNLIMITED },
    }),
  ]),
];
