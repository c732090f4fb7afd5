/** The side that does not take the bytes that are there for it. */
export type BlockedSide = 'client' | 'upstream';

/** Told by whoever writes one body, or one direction of a tunnel, how its bytes are taken. */
export interface FlowWatch {
  /** Bytes went by. */
  onMoved(): void;
  /** So many bytes wait from now on until they are taken. */
  onBlocked(bytes: number): void;
  /** They were taken, or never will be. Nothing when nothing waited. */
  onTaken(): void;
}

/** The writing end of a body, as far as it is watched. */
export interface WatchedSink {
  /** Undefined until somebody watches. */
  flow: FlowWatch | undefined;
}

/** Where the bytes come from, and how many of them wait there. */
export interface FlowSource {
  readonly readableLength: number;
  /** What waits further behind included, where that is known. */
  readonly waitingBytes?: number | undefined;
}

/** How the bodies of an exchange flowed so far. Final once the exchange has ended. */
export interface ExchangeFlow {
  /** Milliseconds in which there were bytes for that side and it took none; waits below a millisecond are not counted. */
  readonly blockedOnClientMs: number;
  readonly blockedOnUpstreamMs: number;
  /** The most bytes of bodies that waited at once, both directions together. */
  readonly peakBufferedBytes: number;
}

/** As the stages write it. */
export interface FlowRecord extends ExchangeFlow {
  /** The response, or a tunnel's way to the client, comes from `source` from now on. */
  toClient(source: FlowSource): FlowWatch;
  /** The request body, or a tunnel's way to the upstream. Once for each attempt. */
  toUpstream(source: FlowSource): FlowWatch;
}
