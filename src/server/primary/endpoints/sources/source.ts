/** Owns what every source of endpoints has in common. */
import type { EndpointConfig } from '../../../../contracts/upstream-config.js';

/** How a source is doing, for people. */
export interface SourceReport {
  readonly kind: 'static' | 'dns' | 'file';
  /** The name or the file. */
  readonly from?: string;
  /** Why it last failed; undefined when it did not. */
  readonly problem?: string | undefined;
}

export interface EndpointSource {
  /** The endpoints as last known; each address once, in an order that does not change by itself. */
  current(): readonly EndpointConfig[];
  /** Begins to look. Resolves when the first look has ended, however it ended. Never rejects. */
  start(): Promise<void>;
  stop(): void;
  /** Told of each change after the start. */
  onChange: () => void;
  report(): SourceReport;
}

/** Written in the configuration. */
export const staticSource = (endpoints: readonly EndpointConfig[]): EndpointSource => ({
  current: () => endpoints,
  start: () => Promise.resolve(),
  stop: () => undefined,
  onChange: () => undefined,
  report: () => ({ kind: 'static' }),
});
