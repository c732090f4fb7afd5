/** Owns the bars that Torus sets itself, and whether a result clears them. Pure. */
import { ratioSpread } from './measure/statistics.mjs';
import { BARE, GUARDED } from './peers/torus-variants.mjs';

/**
 * @typedef {object} Target
 * @property {string} text
 * @property {string} scenario
 * @property {string} subject
 * @property {string} [reference] what the subject is compared with; without it the cost itself is judged
 * @property {'ratio' | 'difference' | 'value'} kind
 * @property {number} atMost
 *
 * @typedef {Target & { measured: number | undefined }} Verdict `measured` undefined: one of the two did not run
 */

const ratio = (scenario, subject, reference, atMost) => ({
  text: `${scenario}: ${subject} to ${reference}`,
  ...{ scenario, subject, reference, atMost, kind: /** @type {const} */ ('ratio') },
});
const difference = (scenario, subject, reference, atMost) => ({
  text: `${scenario}: ${subject} less ${reference}`,
  ...{ scenario, subject, reference, atMost, kind: /** @type {const} */ ('difference') },
});

/** @type {readonly Target[]} */
export const targets = [
  ratio('small-https', GUARDED.name, 'nginx', 1.25),
  ratio('small-https', GUARDED.name, 'Caddy', 0.5),
  ratio('small-https', GUARDED.name, 'http-proxy', 0.25),
  ratio('small-h2', GUARDED.name, 'nginx', 2),
  ratio('1m-https', BARE.name, 'HAProxy', 1.1),
  ratio('upload-https', BARE.name, 'HAProxy', 1.1),
  ratio('new-tls-full', BARE.name, 'nginx', 1.3),
  {
    text: 'idle-tls: Torus, KiB a connection',
    ...{ scenario: 'idle-tls', subject: BARE.name, kind: /** @type {const} */ ('value'), atMost: 30 },
  },
  ratio('routes', 'Torus, 10,000 routes', 'Torus, 1 route', 1.05),
  ratio('telemetry', 'Torus, metrics and traces, as by default', 'Torus, telemetry off', 1.05),
  difference('jwt', 'Torus, JWT on, same token again', 'Torus, JWT off', 1),
  difference('jwt', 'Torus, JWT on, new token each time', 'Torus, JWT off, new token each time', 15),
];

/** @param {import('./run-scenario.mjs').ScenarioResult | undefined} scenario @param {string | undefined} name @returns {number | undefined} */
const costsOf = (scenario, name) =>
  (scenario?.subjects.find((subject) => subject.name === name)?.runs ?? []).map((run) =>
    'failed' in run ? undefined : run.cost,
  );

/** Within each round, then the median, like every ratio of the report. */
const compare = {
  ratio: (values, reference) => ratioSpread(values, reference)?.median,
  difference: (values, reference) => {
    const pairs = values.map((value, round) =>
      value === undefined || reference[round] === undefined ? undefined : value - reference[round],
    );
    return ratioSpread(
      pairs,
      pairs.map(() => 1),
    )?.median;
  },
  value: (values) =>
    ratioSpread(
      values,
      values.map(() => 1),
    )?.median,
};

/** @param {readonly import('./run-scenario.mjs').ScenarioResult[]} results @returns {Verdict[]} */
export const judgeTargets = (results) =>
  targets.map((target) => {
    const scenario = results.find(({ id }) => id === target.scenario);
    const measured = compare[target.kind](
      costsOf(scenario, target.subject),
      costsOf(scenario, target.reference),
    );
    return { ...target, measured };
  });
