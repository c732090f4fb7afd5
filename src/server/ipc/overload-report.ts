/** Owns what a worker tells of its overload ladder, as plain data. */
import type { OverloadResource, OverloadStep, OverloadThresholds } from '../../contracts/overload.js';

export interface OverloadReport {
  /** The hardest step that is taken: 0 none, 1 shorten-idle, 2 no-keep-alive, 3 shed. */
  readonly level: number;
  /** When it came to that level; ISO 8601. */
  readonly since: string;
  readonly steps: Readonly<Record<OverloadStep, boolean>>;
  /** Those that are watched. */
  readonly resources: readonly ResourceReport[];
}

export interface ResourceReport {
  readonly resource: OverloadResource;
  /** 0 to 1. */
  readonly pressure: number;
  readonly level: number;
  readonly thresholds: OverloadThresholds;
  /** What was measured, in its own units. */
  readonly [fact: string]: unknown;
}
