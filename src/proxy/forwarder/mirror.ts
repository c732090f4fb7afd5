import type { MirrorConfig } from '../../contracts/config.js';
import type { ForwardJob, ForwardOwner } from '../../contracts/forwarder.js';
import type { Mirror } from '../../contracts/mirror.js';
import type { MirrorResult } from '../../contracts/telemetry.js';
import type { Upstream } from '../../contracts/upstream.js';
import { ComparedAnswers } from './mirror-comparison.js';
import { MirrorBody } from './mirror-body.js';
import { MirrorCopy, type MirrorCopyOwner, type MirrorServices } from './mirror-copy.js';
import { MIRROR_FIELD } from './mirror-field.js';

/**
 * Owns which requests of a route are copied to another upstream, and how many copies run at once. The original never waits for
 * its copy, gives it nothing but bytes it has read anyway, and does not learn what became of it.
 */

export class RequestMirror implements Mirror, MirrorCopyOwner {
  readonly config: MirrorConfig;
  readonly upstream: Upstream;
  readonly services: MirrorServices;
  private readonly random: () => number;
  /** What is under way: bodies that are still arriving, and copies that were sent. */
  private readonly running = new Set<{ cancel(): void }>();

  constructor(config: MirrorConfig, upstream: Upstream, services: MirrorServices) {
    this.config = config;
    this.upstream = upstream;
    this.services = services;
    this.random = services.random ?? Math.random;
  }

  observe(job: ForwardJob, owner: ForwardOwner): ForwardOwner {
    job.fields.remove(MIRROR_FIELD);
    if (!canBeCopied(job) || this.random() >= this.config.sample) return owner;
    if (this.running.size >= this.config.maxInFlight) {
      this.count(job, 'dropped-in-flight');
      return owner;
    }
    const { framing, contentLength } = job.downstream.head;
    if (framing === 'length' && contentLength > this.config.maxBodyBytes) {
      this.count(job, 'dropped-body');
      return owner;
    }
    return this.copy(job, owner);
  }

  dispose(): void {
    for (const one of [...this.running]) one.cancel();
  }

  private copy(job: ForwardJob, owner: ForwardOwner): ForwardOwner {
    const answers = this.config.compare ? this.comparisonFor(job, owner) : undefined;
    const copy = new MirrorCopy(job, this, answers);
    const body = new MirrorBody(job.body, this.config, {
      timers: this.services.timers,
      onWhole: (bytes, trailers) => {
        this.running.delete(body);
        this.running.add(copy);
        if (job.body.kind === 'stream') answers?.bodyEnded(this.services.timers.now());
        // The original goes first.
        setImmediate(() => {
          copy.send(bytes, trailers);
        });
      },
      onDropped: (result) => {
        this.running.delete(body);
        this.count(job, result);
      },
    });
    this.running.add(body);
    body.collect();
    return answers ?? owner;
  }

  /** A copy is over. */
  ended(copy: MirrorCopy, job: ForwardJob, result: MirrorResult): void {
    this.running.delete(copy);
    this.count(job, result);
  }

  private comparisonFor(job: ForwardJob, owner: ForwardOwner): ComparedAnswers {
    return new ComparedAnswers(job.exchange, owner, (comparison) => {
      this.services.telemetry.mirrorCompared(job.route.name, this.upstream.name, comparison);
    });
  }

  private count(job: ForwardJob, result: MirrorResult): void {
    this.services.telemetry.mirrored(job.route.name, this.upstream.name, result);
  }
}

/** Tunnels have no end to copy, and would do everything twice. */
function canBeCopied({ downstream, route }: ForwardJob): boolean {
  const { method, upgrade } = downstream.head;
  return method !== 'CONNECT' && (upgrade === undefined || !route.config.upgrades.includes(upgrade));
}
