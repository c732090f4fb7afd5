/** Owns the list of scenarios, in the order of the report, and what is not among them. */
import { http2Scenarios } from './http2.mjs';
import { idleConnectionScenarios } from './idle-connections.mjs';
import { keptAliveScenarios } from './kept-alive.mjs';
import { newConnectionScenarios } from './new-connections.mjs';
import { torusFeatureScenarios } from './torus-features.mjs';

/** @type {readonly import('./scenario.mjs').Scenario[]} */
export const scenarios = [
  ...keptAliveScenarios,
  ...http2Scenarios,
  ...newConnectionScenarios,
  ...idleConnectionScenarios,
  ...torusFeatureScenarios,
];

/** What a reader would look for and not find, with the reason. */
export const notCovered = ['HTTP/2 of the Node proxies: they do not speak it to clients'];
