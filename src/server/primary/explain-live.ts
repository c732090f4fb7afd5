/** Owns the answer of a running instance: what a serving worker says of a request, with what the primary knows of the endpoints. */
import type {
  ExplainedEndpoint,
  ExplainedUpstream,
  ExplainQuestion,
  Explanation,
} from '../../contracts/explanation.js';
import { messageOf } from '../../errors/message-of.js';
import { AdminProblem } from '../admin/admin-route.js';
import type { Inquiry } from './inquiry.js';
import type { LiveWorker } from './worker-pool.js';

export interface LiveExplainer {
  readonly inquiry: Pick<Inquiry, 'ask'>;
  /** The document of `GET /upstreams`. */
  readonly upstreams: () => Promise<object>;
}

/** Throws an `AdminProblem` where the question makes no sense, or is not answered. */
export const explainLive = async (
  { inquiry, upstreams }: LiveExplainer,
  live: LiveWorker,
  question: ExplainQuestion,
): Promise<Explanation> => {
  const [said, report] = await Promise.all([ask(inquiry, live, question), upstreams()]);
  if ('problem' in said) throw new AdminProblem(400, said.problem);
  const { explanation } = said;
  const states = (report as UpstreamsReport).upstreams;
  return {
    ...explanation,
    answeredBy: { worker: live.slot.number, pid: live.worker.process.pid },
    upstreams: explanation.upstreams.map((upstream) => withStates(upstream, states)),
  };
};

const ask = async (
  inquiry: LiveExplainer['inquiry'],
  live: LiveWorker,
  question: ExplainQuestion,
): ReturnType<typeof inquiry.ask<'explain'>> => {
  try {
    return await inquiry.ask(live, 'explain', question);
  } catch (error) {
    const detail = messageOf(error);
    throw new AdminProblem(503, `worker ${live.slot.number} does not say: ${detail}`);
  }
};

/** As far as it is read here. */
interface UpstreamsReport {
  readonly upstreams: readonly { readonly name: string; readonly endpoints: readonly EndpointState[] }[];
}

interface EndpointState {
  readonly url?: string;
  readonly hostname?: string;
  readonly state: string;
  readonly why: string;
  readonly active: number;
  readonly ejectedUntil?: string;
}

const withStates = (upstream: ExplainedUpstream, states: UpstreamsReport['upstreams']): ExplainedUpstream => {
  const known = states.find(({ name }) => name === upstream.name)?.endpoints ?? [];
  return { ...upstream, endpoints: upstream.endpoints.map((endpoint) => withState(endpoint, known)) };
};

const withState = (endpoint: ExplainedEndpoint, known: readonly EndpointState[]): ExplainedEndpoint => {
  const state = known.find(({ url }) => url === endpoint.url);
  if (state === undefined) return endpoint;
  const { why, active, ejectedUntil } = state;
  return {
    ...endpoint,
    ...{ active, state: state.state, why },
    ...(ejectedUntil === undefined ? {} : { ejectedUntil }),
  };
};
