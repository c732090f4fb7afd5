import type { ForwardJob, ForwardOwner } from './forwarder.js';

/** Sends copies of requests to another upstream. Belongs to one route of one snapshot of one worker. */
export interface Mirror {
  /**
   * Told of every exchange that is about to be forwarded; copies it or not. Never fails, waits or takes anything from the
   * exchange. Returns who is to be told of its answer: `owner`, or a listener in front of it.
   */
  observe(job: ForwardJob, owner: ForwardOwner): ForwardOwner;
  /** Ends the copies that are under way. */
  dispose(): void;
}
