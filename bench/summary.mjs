/** Owns what the runs of a scenario come to: medians, spreads and ratios to the baseline. Pure. */
import { median, ratioSpread, spread } from './measure/statistics.mjs';

/**
 * @typedef {import('./measure/statistics.mjs').Spread} Spread
 *
 * @typedef {object} SubjectSummary
 * @property {string} name
 * @property {Spread | undefined} cost undefined when no run succeeded
 * @property {Spread | undefined} ratio to the baseline
 * @property {number | undefined} perSecond median, as are the next three
 * @property {number | undefined} p50Us
 * @property {number | undefined} p99Us
 * @property {number | undefined} residentBytes
 * @property {number} errors of all runs
 * @property {string | undefined} failed why the first failed run failed
 */

/** @param {readonly (number | undefined)[]} values */
const medianOf = (values) => {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : median(known);
};

/** @param {readonly import('./run-scenario.mjs').Outcome[]} runs */
const costs = (runs) => runs.map((run) => ('failed' in run ? undefined : run.cost));

/** @param {import('./run-scenario.mjs').SubjectResult} subject @param {readonly (number | undefined)[]} baseline @returns {SubjectSummary} */
const summariseSubject = ({ name, runs }, baseline) => {
  const done = runs.filter((run) => !('failed' in run));
  return {
    name,
    cost: done.length === 0 ? undefined : spread(done.map(({ cost }) => cost)),
    ratio: ratioSpread(costs(runs), baseline),
    perSecond: medianOf(done.map(({ perSecond }) => perSecond)),
    p50Us: medianOf(done.map(({ p50Us }) => p50Us)),
    p99Us: medianOf(done.map(({ p99Us }) => p99Us)),
    residentBytes: medianOf(done.map(({ residentBytes }) => residentBytes)),
    errors: done.reduce((sum, { errors }) => sum + errors, 0),
    failed: runs.find((run) => 'failed' in run)?.failed,
  };
};

/** @param {import('./run-scenario.mjs').ScenarioResult} scenario @returns {SubjectSummary[]} */
export const summarise = ({ subjects, baseline }) => {
  const reference = subjects.find(({ name }) => name === baseline);
  return subjects.map((subject) => summariseSubject(subject, costs(reference?.runs ?? [])));
};
