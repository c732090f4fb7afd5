/** Owns the arithmetic of the report: medians, spreads, percentiles and ratios. Knows nothing about processes. */

/** @typedef {{ median: number, min: number, max: number }} Spread */

/** @param {readonly number[]} values */
const ascending = (values) => [...values].sort((left, right) => left - right);

/** @param {readonly number[]} values at least one @returns {number} */
export const median = (values) => {
  if (values.length === 0) throw new Error('the median of nothing');
  const sorted = ascending(values);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Nearest rank. @param {readonly number[]} values at least one @param {number} percent 0 < percent <= 100 @returns {number} */
export const percentile = (values, percent) => {
  if (values.length === 0) throw new Error('a percentile of nothing');
  const sorted = ascending(values);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
};

/** @param {readonly number[]} values at least one @returns {Spread} */
export const spread = (values) => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

/**
 * Ratios are taken within a round, where both ran under the same weather, and only then summed up.
 * @param {readonly (number | undefined)[]} values by round
 * @param {readonly (number | undefined)[]} baseline by round
 * @returns {Spread | undefined} undefined when no round has both
 */
export const ratioSpread = (values, baseline) => {
  const ratios = values.flatMap((value, round) => {
    const reference = baseline[round];
    return value === undefined || reference === undefined || reference === 0 ? [] : [value / reference];
  });
  return ratios.length === 0 ? undefined : spread(ratios);
};
