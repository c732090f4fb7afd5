/** Owns the choice between the two text formats of metrics: that of Prometheus, and OpenMetrics for scrapers that ask for it. */

export type Exposition = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<Exposition, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** By a field Accept (RFC 9110 section 12.5.1), possibly empty. Nobody gets OpenMetrics who has not named it. */
export const expositionFor = (accept: string): Exposition => {
  const wished = weightOf(accept, 'application/openmetrics-text');
  return wished > 0 && wished >= weightOf(accept, 'text/plain') ? 'openmetrics' : 'prometheus';
};

/** The highest weight that the list gives to the type by its name; 0 where it does not name it. */
const weightOf = (accept: string, type: string): number =>
  accept
    .toLowerCase()
    .split(',')
    .map((member) => member.split(';').map((part) => part.trim()))
    .filter(([name]) => name === type)
    .reduce((highest, [, ...parameters]) => Math.max(highest, qualityIn(parameters)), 0);

const qualityIn = (parameters: readonly string[]): number => {
  const given = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = given === undefined ? 1 : Number(given.slice(2));
  return quality >= 0 && quality <= 1 ? quality : 0;
};
