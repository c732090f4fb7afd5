/** Owns how bad it stands with an endpoint, for whoever shows the worst first. */
import type { EndpointStatus } from '../../contracts/status.js';

/** `out`: not used; `failing`: used, and its requests fail; `passing`: gone from its source, or not checked yet. */
export type EndpointStanding = 'out' | 'failing' | 'passing' | 'fine';

const ORDER: readonly EndpointStanding[] = ['out', 'failing', 'passing', 'fine'];

/** What the standing is read from; without `available` it may not be used. */
type Judged = Pick<EndpointStatus, 'state'> & { readonly available?: boolean | undefined };

export const standingOf = ({ available, state }: Judged): EndpointStanding => {
  if (state === 'failing') return 'failing';
  if (state === 'draining' || state === 'unknown') return 'passing';
  return available === true ? 'fine' : 'out';
};

/** Negative where the first is the worse: for `sort`, which keeps the order of equals. */
export const byStanding = (one: Judged, other: Judged): number =>
  ORDER.indexOf(standingOf(one)) - ORDER.indexOf(standingOf(other));
