/** Owns the step from balancing as written to balancing as used: names are filled in, references hold. */
import type { MirrorConfig, SlowStartConfig, SplitConfig, StickyConfig } from '../../contracts/config.js';
import type { ConfigPath } from '../config-path.js';
import type { MirrorDocument } from '../schema/route/mirror-schema.js';
import type { SlowStartDocument } from '../schema/upstream/slow-start-schema.js';
import type { SplitDocument } from '../schema/route/split-schema.js';
import type { StickyDocument } from '../schema/upstream/sticky-schema.js';
import type { CompileContext } from './compile-context.js';
import { reportDuplicates } from './duplicates.js';
import { reportUnknownUpstream } from './upstream-names.js';

export function compileSticky({ cookie }: StickyDocument, upstream: string): StickyConfig {
  return {
    cookie: {
      // One name for all would make upstreams on one host overwrite each other's.
      name: cookie.name ?? `torus_${upstream}`,
      ttlMs: cookie.ttl,
      path: cookie.path,
      domain: cookie.domain,
      httpOnly: cookie.httpOnly,
      secure: cookie.secure,
      sameSite: cookie.sameSite,
      secret: cookie.secret,
    },
  };
}

export function compileSlowStart(document: SlowStartDocument): SlowStartConfig {
  return { windowMs: document.window, aggression: document.aggression, minWeight: document.minWeight };
}

/** Where a reference to an upstream stands, and what it may name. */
export interface UpstreamPlace {
  readonly path: ConfigPath;
  readonly upstreams: readonly string[];
}

export function compileSplit(
  { split, by }: SplitDocument,
  { path, upstreams }: UpstreamPlace,
  context: CompileContext,
): SplitConfig {
  for (const target of split) {
    const place = typeof target.key === 'number' ? ['upstream'] : [];
    reportUnknownUpstream(
      target.upstream,
      { path: [...path, 'split', target.key, ...place], upstreams },
      context,
    );
  }
  reportDuplicates(
    split.map((target) => ({ path: [...path, 'split', target.key], value: target.upstream })),
    context.report,
  );
  return { targets: split.map(({ upstream, weight }) => ({ upstream, weight })), by };
}

/** `own`: the upstreams that serve the route itself. */
export function compileMirror(
  mirror: MirrorDocument,
  { path, upstreams, own }: UpstreamPlace & { readonly own: readonly string[] },
  context: CompileContext,
): MirrorConfig {
  const place = { path: [...path, 'upstream'], upstreams };
  reportUnknownUpstream(mirror.upstream, place, context);
  if (own.length === 0)
    context.report.error(path, 'must not stand here: nothing of this route goes upstream');
  if (own.includes(mirror.upstream))
    context.report.error(
      place.path,
      'must not be an upstream of the route itself: copies would slow it down',
    );
  return {
    upstream: mirror.upstream,
    sample: mirror.sample,
    maxBodyBytes: mirror.maxBody,
    maxResponseBytes: mirror.maxResponse,
    maxInFlight: mirror.maxInFlight,
    timeoutMs: mirror.timeout,
    compare: mirror.compare,
  };
}
