/** Owns the routes that show the configuration, say what another one would change, and serve it. */
import { AdminProblem, json, refuseUnknown } from '../admin-route.js';
import type { AdminAnswer, AdminRequest, AdminRoute } from '../admin-route.js';

/** `outcome` is `rejected` when the configuration cannot be served. */
interface Outcome {
  readonly outcome: string;
}

export interface ConfigSources {
  describe(): object;
  /** Without a text: of the file as it is now. */
  preview(text: string | undefined): Promise<Outcome>;
  apply(text: string | undefined): Promise<Outcome>;
}

/** `sources` is undefined where an instance keeps the configuration of its start. */
export const configRoutes = (sources: ConfigSources | undefined): AdminRoute[] => [
  {
    method: 'GET',
    path: '/config',
    summary: 'what is served, without secrets, and its generation',
    handle: () => json(known(sources).describe()),
  },
  {
    method: 'POST',
    path: '/config',
    summary: '[dryRun=true] serves the YAML or JSON of the body, or without a body the file as it is now',
    handle: (request) => take(known(sources), request),
  },
];

const known = (sources: ConfigSources | undefined): ConfigSources => {
  if (sources === undefined)
    throw new AdminProblem(409, 'this instance keeps the configuration of its start');
  return sources;
};

const take = async (sources: ConfigSources, { query, body }: AdminRequest): Promise<AdminAnswer> => {
  refuseUnknown(query, ['dryRun']);
  const text = await body();
  const given = text === '' ? undefined : text;
  const result = await (isDryRun(query) ? sources.preview(given) : sources.apply(given));
  return json(result, result.outcome === 'rejected' ? 400 : 200);
};

const isDryRun = (query: URLSearchParams): boolean => {
  const value = query.get('dryRun') ?? 'false';
  if (value !== 'true' && value !== 'false') throw new AdminProblem(400, 'dryRun must be true or false');
  return value === 'true';
};
