/** Owns the worker's copy of the state of endpoints; the primary decides it. One copy for each snapshot in use. */
import type { EndpointFeed, EndpointOutcome, UpstreamEndpoints } from '../../contracts/endpoint-feed.js';
import type { EndpointDirectoryState } from '../ipc/messages.js';

type Follower = (endpoints: UpstreamEndpoints) => void;

interface Copy {
  readonly upstreams: Map<string, UpstreamEndpoints>;
  readonly followers: Map<string, Set<Follower>>;
}

export class WorkerEndpoints {
  readonly #report: (version: number, outcome: EndpointOutcome) => void;
  readonly #copies = new Map<number, Copy>();

  constructor(report: (version: number, outcome: EndpointOutcome) => void) {
    this.#report = report;
  }

  /** Takes what the primary says of some or all upstreams of one snapshot. */
  store({ version, upstreams }: EndpointDirectoryState): void {
    const copy = this.#copyOf(version);
    for (const endpoints of upstreams) {
      copy.upstreams.set(endpoints.upstream, endpoints);
      for (const follower of copy.followers.get(endpoints.upstream) ?? []) follower(endpoints);
    }
  }

  /** The way of the upstreams of one snapshot. */
  feedFor(version: number): EndpointFeed {
    const copy = this.#copyOf(version);
    return {
      current: (upstream) => copy.upstreams.get(upstream),
      follow: (upstream, onChange) => {
        const followers = copy.followers.get(upstream) ?? new Set();
        copy.followers.set(upstream, followers.add(onChange));
        return () => void followers.delete(onChange);
      },
      report: (outcome) => this.#report(version, outcome),
    };
  }

  #copyOf(version: number): Copy {
    const known = this.#copies.get(version);
    if (known !== undefined) return known;
    // Snapshots that were dropped, and those whose last exchange has ended.
    for (const [other, { followers }] of this.#copies) {
      const isFollowed = [...followers.values()].some((set) => set.size > 0);
      if (!isFollowed) this.#copies.delete(other);
    }
    const copy: Copy = { upstreams: new Map(), followers: new Map() };
    this.#copies.set(version, copy);
    return copy;
  }
}
