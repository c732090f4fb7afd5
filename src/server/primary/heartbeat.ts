/** Owns the judgement whether a worker is alive: pings it, and names the one that fell silent or never started. */

export interface HeartbeatLimits {
  /** 0 turns the heartbeat off. */
  readonly heartbeatTimeoutMs: number;
  readonly startTimeoutMs: number;
}

export interface WatchedWorker {
  readonly ready: boolean;
  readonly forkedAt: number;
  /** When it last said anything; its readiness counts. */
  readonly heardAt: number;
  readonly pingedAt: number;
}

export type HeartbeatVerdict = 'fine' | 'ping' | 'silent' | 'start-too-slow';

const PINGS_PER_TIMEOUT = 3;
const MAX_PING_INTERVAL_MS = 5000;

export const pingIntervalMs = ({ heartbeatTimeoutMs }: HeartbeatLimits): number =>
  heartbeatTimeoutMs > 0
    ? Math.min(MAX_PING_INTERVAL_MS, heartbeatTimeoutMs / PINGS_PER_TIMEOUT)
    : MAX_PING_INTERVAL_MS;

/** `nowMs` is on the same monotonic clock as the worker's times. */
export const judgeWorker = (
  worker: WatchedWorker,
  limits: HeartbeatLimits,
  nowMs: number,
): HeartbeatVerdict => {
  if (!worker.ready) return nowMs - worker.forkedAt > limits.startTimeoutMs ? 'start-too-slow' : 'fine';
  const silentMs = nowMs - worker.heardAt;
  if (limits.heartbeatTimeoutMs > 0 && silentMs > limits.heartbeatTimeoutMs) return 'silent';
  return nowMs - worker.pingedAt >= pingIntervalMs(limits) ? 'ping' : 'fine';
};
