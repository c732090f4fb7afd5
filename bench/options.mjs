/** Owns the command line of the bench. */
import { parseArgs } from 'node:util';

export const USAGE = `npm run bench -- [options]
  --only ID[,ID...]    only these scenarios; an ID may end in * (small-*)
  --peers NAME[,...]   only these products (torus,nginx); ratios need the baseline among them
  --rounds N           how often each is measured, in turn with the others (3)
  --seconds N          length of one run (5)
  --quick              one round of one second: to see that everything works, not to measure
  --list               print the scenarios and end
  --help               print this and end`;

/** @typedef {{ only: readonly string[], peers: readonly string[], rounds: number, seconds: number, quick: boolean, list: boolean, help: boolean }} Options */

/** @param {string} text @param {string} name */
const positive = (text, name) => {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${name} takes a whole number from 1: ${text}`);
  return Number(text);
};

/** @param {readonly string[]} texts */
const splitList = (texts) => texts.flatMap((text) => text.split(',')).filter((part) => part !== '');

/** @param {readonly string[]} args @returns {Options} throws with what is wrong */
export const parseOptions = (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      peers: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    only: splitList(values.only),
    peers: splitList(values.peers).map((name) => name.toLowerCase()),
    rounds: positive(values.rounds ?? (values.quick ? '1' : '3'), 'rounds'),
    seconds: positive(values.seconds ?? (values.quick ? '1' : '5'), 'seconds'),
    quick: values.quick,
    list: values.list,
    help: values.help,
  };
};

/**
 * @template {{ id: string }} Scenario
 * @param {readonly Scenario[]} all
 * @param {readonly string[]} only empty for all
 * @returns {readonly Scenario[]} throws for an ID that fits none
 */
export const selectScenarios = (all, only) => {
  const fits = (pattern, id) =>
    pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern;
  const lost = only.find((pattern) => !all.some(({ id }) => fits(pattern, id)));
  if (lost !== undefined)
    throw new Error(`no such scenario: ${lost} (there are ${all.map(({ id }) => id).join(', ')})`);
  return only.length === 0 ? all : all.filter(({ id }) => only.some((pattern) => fits(pattern, id)));
};
