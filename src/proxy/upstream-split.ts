import type { SplitConfig } from '../contracts/config.js';
import type { Exchange } from '../contracts/exchange.js';
import type { UpstreamSplit } from '../contracts/router.js';
import type { Upstream } from '../contracts/upstream.js';
import { affinityKeyFor, affinityWords } from '../http/affinity-key.js';
import { hashText, rendezvousScore } from '../http/rendezvous.js';

/**
 * Owns the division of a route's requests between upstreams (canary): by chance, or so that requests with the same key stay on
 * one side. Weighted rendezvous hashing over the names: a weight that grows takes keys from the others and moves none between
 * them, on every worker alike.
 */

interface Target {
  readonly upstream: Upstream;
  readonly weight: number;
  readonly hash: number;
}

type SplitExplanation = ReturnType<UpstreamSplit['explain']>;

/** Undefined where every upstream of the split is unknown: the configuration does not let that happen. */
export function compileSplit(
  config: SplitConfig,
  upstreams: ReadonlyMap<string, Upstream>,
  random: () => number = Math.random,
): UpstreamSplit | undefined {
  const targets = config.targets.flatMap(({ upstream: name, weight }): Target[] => {
    const upstream = upstreams.get(name);
    return upstream === undefined || weight === 0 ? [] : [{ upstream, weight, hash: hashText(name) }];
  });
  const [first] = targets;
  if (first === undefined) return undefined;
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  const keyOf = config.by === undefined ? undefined : affinityKeyFor(config.by);
  return {
    choose(exchange: Exchange): Upstream {
      const key = keyOf?.(exchange);
      const target = key === undefined ? byChance(targets, random() * total) : byKey(targets, hashText(key));
      return (target ?? first).upstream;
    },
    explain(exchange: Exchange): SplitExplanation {
      const key = keyOf?.(exchange);
      const certain =
        targets.length === 1 ? first : key === undefined ? undefined : byKey(targets, hashText(key));
      return {
        by: config.by === undefined ? 'chance' : affinityWords(config.by),
        hasKey: key !== undefined,
        targets: targets.map(({ upstream, weight }) => ({ upstream: upstream.name, share: weight / total })),
        chosen: certain?.upstream.name,
        upstreams: certain === undefined ? targets.map(({ upstream }) => upstream) : [certain.upstream],
      };
    },
  };
}

/** `point` is from 0 up to the sum of the weights. */
function byChance(targets: readonly Target[], point: number): Target | undefined {
  let left = point;
  for (const target of targets) {
    left -= target.weight;
    if (left < 0) return target;
  }
  return undefined;
}

function byKey(targets: readonly Target[], keyHash: number): Target | undefined {
  let best: Target | undefined;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const target of targets) {
    const score = rendezvousScore(keyHash, target.hash, target.weight, bestScore);
    if (score >= bestScore) continue;
    best = target;
    bestScore = score;
  }
  return best;
}
