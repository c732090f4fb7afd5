/** Owns which ways of accepting connections this Node and this system have. */
import type { AcceptMode } from '../../contracts/config.js';
import type { ConfigReport } from '../config-report.js';

export interface Runtime {
  readonly nodeVersion: string;
  readonly platform: NodeJS.Platform;
}

/** Where libuv spreads connections over the sockets that share a port. */
const REUSE_PORT_PLATFORMS: readonly NodeJS.Platform[] = ['linux', 'freebsd', 'sunos', 'aix'];
const FALLBACK: AcceptMode = 'shared';

/** The mode asked for, or `shared` with a warning where there is none such: one file then serves a whole fleet. */
export function availableAcceptMode(
  wanted: AcceptMode,
  report: ConfigReport,
  runtime: Runtime = { nodeVersion: process.versions.node, platform: process.platform },
): AcceptMode {
  const lack = lackOf(wanted, runtime);
  if (lack === undefined) return wanted;
  report.warn(['accept'], `${wanted} ${lack}: ${FALLBACK} is used in its place`);
  return FALLBACK;
}

function lackOf(wanted: AcceptMode, { nodeVersion, platform }: Runtime): string | undefined {
  if (wanted === FALLBACK) return undefined;
  // Both came with the same releases: `reusePort`, and `dropMaxConnection`, without which a full pool makes the primary spin.
  if (!isFrom2212(nodeVersion)) return `needs Node 22.12 (or 23.1), and this is ${nodeVersion}`;
  if (wanted === 'reuse-port' && !REUSE_PORT_PLATFORMS.includes(platform))
    return `is not available on ${platform}`;
  return undefined;
}

function isFrom2212(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === 22) return minor >= 12;
  return major === 23 ? minor >= 1 : major > 23;
}
