import type { BoundListener, ConfigSnapshot } from './config.js';
import type { EndpointActivity } from './endpoint-feed.js';
import type { LiveExchange, StreamQuery, StreamSelection, WorkerConnections } from './live-view.js';
import type { ExplainAnswer, ExplainQuestion } from './explanation.js';

export type LifecyclePhase = 'starting' | 'ready' | 'draining' | 'stopped';

/** The data plane as the worker's lifecycle drives it. */
export interface DataPlane {
  /** Session tickets are made and read with keys derived from this from now on; base64. */
  setTicketKeys(ticketKeys: string): void;
  /** Binds every listener; rejects with the first that cannot be bound (`code` and the name of the `listener` on the error). */
  listen(): Promise<readonly BoundListener[]>;
  /** Compiles the routes, upstreams and filters of a snapshot beside those that serve. Throws when that cannot be done. */
  prepare(snapshot: ConfigSnapshot): void;
  /** Exchanges that begin from now on use what was prepared last; those that run end as they began. */
  commit(): void;
  /** Drops what was prepared. */
  discard(): void;
  /**
   * From now on every response tells the client that the connection will close. New connections are still taken. With
   * `patient`, one whose response had promised to go on does so for one more request.
   */
  announceDrain(patient: boolean): void;
  /** Takes what waits in the backlog, then closes the listening sockets. Connections that are already in stay. */
  stopAccepting(): Promise<void>;
  /** Resolves when every connection that was taken last has sent its first request, or has had the time to. */
  whenNewcomersAsked(): Promise<void>;
  /** Tells the clients of tunnels to go, where their route asks for it. */
  releaseTunnels(): void;
  /** Resolves when every client has gone: idle ones have asked once more, or their keep-alive has ended. */
  whenEmpty(): Promise<void>;
  /** Closes connections that carry no exchange. There is no patience any more. */
  closeIdle(): void;
  /** Closes connections on both sides that have carried nothing for so long, the longest first, a part of them at a time. */
  closeLongIdle(idleForMs: number): void;
  /** There may be more or fewer file descriptors for client connections than a moment ago. */
  descriptorsChanged(): void;
  /** Resolves when no exchange and no tunnel is left. */
  whenDrained(): Promise<void>;
  /** Exchanges that ended since `announceDrain`, whatever their cause. */
  readonly endedWhileDraining: number;
  /** Those of the running exchanges that are asked for. Other work goes on meanwhile. */
  streams(query: StreamQuery): Promise<StreamSelection>;
  /** Ends the exchanges with that id, as an operator's decision. Returns how many there were. */
  killStream(id: string): number;
  /** Who holds the connections; of clients those with the most, at most `maxClients`. */
  connections(maxClients: number): Promise<WorkerConnections>;
  /** What runs on each endpoint: of the snapshot that serves, and of former ones. An endpoint may be there more than once. */
  endpointActivity(): readonly EndpointActivity[];
  /** What would become of a request that began now. Sends, counts and remembers nothing. */
  explain(question: ExplainQuestion): ExplainAnswer;
  /** Destroys every socket, naming what was cut. */
  destroyAll(): readonly LiveExchange[];
  /** Releases pools and timers. Resolves when the sockets have closed and are counted: the process can end by itself. */
  dispose(): void | Promise<void>;
}
