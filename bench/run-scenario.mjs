/** Owns running one scenario: every subject is started, then each runs once in round 1, each once in round 2, and so on. */
import { tlsAgreement } from './measure/tls-agreement.mjs';

/**
 * @typedef {import('./scenarios/scenario.mjs').RunResult | { failed: string }} Outcome
 *
 * @typedef {object} SubjectResult
 * @property {string} name
 * @property {string} [tls] what was agreed on
 * @property {Outcome[]} runs by round
 *
 * @typedef {object} ScenarioResult
 * @property {string} id
 * @property {string} title
 * @property {string} unit
 * @property {string} baseline
 * @property {SubjectResult[]} subjects
 *
 * @typedef {object} Plan
 * @property {import('./scenarios/scenario.mjs').Session} session
 * @property {import('./peers/peer.mjs').Stage} stage
 * @property {number} rounds
 * @property {(line: string) => void} say progress
 * @property {(peer: import('./peers/peer.mjs').Peer) => Promise<boolean>} isThere
 */

/** A JavaScript proxy is several times slower before its hot code is compiled. */
const WARM_UP_SECONDS = 3;

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/** One subject with its running peer, if it has one at the moment. */
class Contender {
  /** @param {import('./scenarios/scenario.mjs').Scenario} scenario @param {import('./scenarios/scenario.mjs').Subject} subject @param {Plan} plan */
  constructor(scenario, subject, plan) {
    this.scenario = scenario;
    this.subject = subject;
    this.plan = plan;
    /** @type {SubjectResult} */
    this.result = { name: subject.name, runs: [] };
    /** @type {import('./peers/peer.mjs').Instance | undefined} */
    this.instance = undefined;
  }

  async start() {
    this.instance = await this.subject.peer.start(this.plan.stage);
    if (this.scenario.tls) this.result.tls = await tlsAgreement(this.instance.ports.https);
  }

  async stop() {
    await this.instance?.stop();
    this.instance = undefined;
  }

  /** Runs once unmeasured, so that what is compiled or pooled on demand is there. */
  async warmUp() {
    const seconds = Math.min(WARM_UP_SECONDS, this.plan.session.seconds);
    await this.subject.run(this.instance, { ...this.plan.session, seconds });
  }

  /** @returns {Promise<Outcome>} a failure is a result too: the others go on */
  async runOnce() {
    const { freshEachRun } = this.scenario;
    try {
      if (this.instance === undefined) {
        await this.start();
        if (!freshEachRun) await this.warmUp();
      }
      return await this.subject.run(this.instance, this.plan.session);
    } catch (error) {
      await this.stop();
      return { failed: messageOf(error).replaceAll(this.plan.stage.scratch, '') };
    } finally {
      if (freshEachRun) await this.stop();
    }
  }
}

/** @param {Outcome} outcome @param {string} unit */
const describeOutcome = (outcome, unit) =>
  'failed' in outcome
    ? `failed: ${outcome.failed}`
    : `${outcome.cost.toFixed(1)} ${unit}, ${outcome.errors} errors`;

/** @param {import('./scenarios/scenario.mjs').Scenario} scenario @param {Plan} plan @returns {Promise<ScenarioResult>} */
export const runScenario = async (scenario, plan) => {
  /** @type {Contender[]} */
  const contenders = [];
  for (const subject of scenario.subjects)
    if (await plan.isThere(subject.peer)) contenders.push(new Contender(scenario, subject, plan));
  plan.say(`${scenario.id}: ${scenario.title}`);
  try {
    for (let round = 1; round <= plan.rounds; round += 1)
      for (const contender of contenders) {
        const outcome = await contender.runOnce();
        contender.result.runs.push(outcome);
        plan.say(
          `  ${round}/${plan.rounds} ${contender.subject.name}: ${describeOutcome(outcome, scenario.unit)}`,
        );
      }
  } finally {
    for (const contender of contenders) await contender.stop();
  }
  const { id, title, unit, baseline } = scenario;
  return { id, title, unit, baseline, subjects: contenders.map(({ result }) => result) };
};
