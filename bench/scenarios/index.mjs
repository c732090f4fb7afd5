/** Owns the list of scenarios, in the order of the report, and what is not among them. */
import { idleConnectionScenarios } from './idle-connections.mjs';
import { keptAliveScenarios } from './kept-alive.mjs';
import { newConnectionScenarios } from './new-connections.mjs';
import { torusFeatureScenarios } from './torus-features.mjs';

/** @type {readonly import('./scenario.mjs').Scenario[]} */
export const scenarios = [
  ...keptAliveScenarios,
  ...newConnectionScenarios,
  ...idleConnectionScenarios,
  ...torusFeatureScenarios,
];

/** What a reader would look for and not find, with the reason. */
export const notCovered = ['HTTP/2: it has no scenario yet'];
