import { setTimeout as delay } from 'node:timers/promises';
import type {
  BoundListener,
  ConfigSnapshot,
  ListenerConfig,
  ListenerTlsConfig,
} from '../contracts/config.js';
import type { ExplainAnswer, ExplainQuestion } from '../contracts/explanation.js';
import type { EndpointActivity } from '../contracts/endpoint-feed.js';
import type { DataPlane } from '../contracts/lifecycle.js';
import type {
  LiveExchange,
  StreamQuery,
  StreamSelection,
  WorkerConnections,
} from '../contracts/live-view.js';
import { ConnectionCensus } from '../observability/connection-census.js';
import type { CountedConnection } from '../observability/connection-census.js';
import { StreamSelector } from '../observability/stream-selection.js';
import type { Graph } from './graph.js';
import { ServedCertificates } from './served-certificates.js';
import type { HttpProxy } from './http-proxy.js';
import type { TimerWheel } from './timer-wheel.js';

/** `[milliseconds since it carried anything, connection]`. */
export type IdleConnection = readonly [idleMs: number, connection: { closeIfIdle(reason: string): void }];

/** A listener as the data plane drives it. */
export interface DrivenListener {
  readonly config: ListenerConfig;
  /** Makes ready to show these certificates; what is returned does it. Throws when one of them cannot be used. */
  prepareCertificates(tls: ListenerTlsConfig): () => void;
  setTicketKeys(ticketKeys: string): void;
  listen(): Promise<BoundListener>;
  stopAccepting(): void;
  /** A client has just connected, and may be about to ask for the first time. */
  readonly hasNewcomers: boolean;
  /** Sockets of clients, also those in their TLS handshake. */
  readonly openConnections: number;
  /** Clients that can be told are told not to ask on their connections any more. */
  announceDrain(): void;
  closeIdle(): void;
  /** What each of its connections carries now. */
  held(): Iterable<CountedConnection>;
  idleConnections(): readonly IdleConnection[];
  /** Resolves when nothing of closing connections waits to be sent. */
  whenFlushed(): Promise<void>;
  destroyAll(): void;
}

export interface DataPlaneParts {
  readonly proxy: HttpProxy;
  readonly listeners: readonly DrivenListener[];
  /** Throws when the snapshot cannot be served. */
  readonly composeGraph: (snapshot: ConfigSnapshot) => Graph;
  readonly timers: TimerWheel;
  /** Shared with the listeners: set when draining begins. */
  readonly drain: { active: boolean; patient: boolean };
  /** The connection cap is worked out anew. */
  readonly updateCap: () => void;
}

/** Turns of the event loop: to finish this one, to accept, to read what came with the connection. */
const BACKLOG_TURNS = 3;

/** Destroyed sockets say that they have closed in one of the next turns; those below TLS and HTTP/2 in a later one. */
const CLOSING_TURNS = 10;

/** A first request takes as long as a TLS handshake on a slow network to arrive. Clients that only connect cost this much. */
const NEWCOMER_GRACE_MS = 500;
const NEWCOMER_STEP_MS = 10;
/** How often a worker that has time looks whether its clients are gone. */
const EMPTY_STEP_MS = 50;

/** A shared socket fails without telling its port: the error says whose it is. */
const listen = (listener: DrivenListener): Promise<BoundListener> =>
  listener.listen().catch((error: unknown) => {
    throw Object.assign(error instanceof Error ? error : new Error(String(error)), {
      listener: listener.config.name,
    });
  });

/** What is described in one turn of the event loop: about a millisecond's worth. */
const DESCRIBED_PER_TURN = 500;
const COUNTED_PER_TURN = 5000;
/** Of the idle client connections, so many are closed at a time: a tenth, but never so few that it would take long. */
const EVICTED_SHARE = 0.1;
const EVICTED_FEWEST = 32;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Owns the data plane of one worker as its lifecycle sees it: listen, drain, report, dispose. */
export class WorkerDataPlane implements DataPlane {
  private readonly parts: DataPlaneParts;
  private completedBeforeDrain = 0;
  private prepared: Graph | undefined = undefined;
  /** Graphs of former snapshots whose last exchanges run. */
  private retired: readonly Graph[] = [];
  private readonly certificates: ServedCertificates;

  constructor(parts: DataPlaneParts) {
    this.parts = parts;
    this.certificates = new ServedCertificates(parts.listeners);
  }

  setTicketKeys(ticketKeys: string): void {
    for (const listener of this.parts.listeners) listener.setTicketKeys(ticketKeys);
  }

  async listen(): Promise<readonly BoundListener[]> {
    const bound: BoundListener[] = [];
    // One after the other: the error names the first one that cannot be bound.
    for (const listener of this.parts.listeners) bound.push(await listen(listener));
    return bound;
  }

  prepare(snapshot: ConfigSnapshot): void {
    this.discard();
    this.certificates.prepare(snapshot);
    this.prepared = this.parts.composeGraph(snapshot);
  }

  commit(): void {
    if (this.prepared === undefined) return;
    this.retired = [...this.retired, this.parts.proxy.graph].filter(({ isDisposed }) => !isDisposed);
    this.parts.proxy.swap(this.prepared);
    this.certificates.commit();
    this.prepared = undefined;
  }

  discard(): void {
    this.prepared?.dispose();
    this.prepared = undefined;
  }

  announceDrain(patient: boolean): void {
    this.parts.drain.active = true;
    this.parts.drain.patient = patient;
    this.completedBeforeDrain = this.parts.proxy.completedCount;
    for (const listener of this.parts.listeners) listener.announceDrain();
  }

  /** What the kernel has accepted already is taken and read first: closing the socket would reset it in the backlog. */
  async stopAccepting(): Promise<void> {
    for (let turn = 0; turn < BACKLOG_TURNS; turn += 1) await nextTurn();
    for (const listener of this.parts.listeners) listener.stopAccepting();
  }

  /** They came while connections were taken: what is idle is closed next, and would cut them off with their first request. */
  async whenNewcomersAsked(): Promise<void> {
    for (let waitedMs = 0; waitedMs < NEWCOMER_GRACE_MS; waitedMs += NEWCOMER_STEP_MS) {
      if (!this.parts.listeners.some(({ hasNewcomers }) => hasNewcomers)) return;
      await delay(NEWCOMER_STEP_MS);
    }
  }

  // Not before the listeners are closed: a client that comes back at once must find nobody here.
  releaseTunnels(): void {
    for (const run of this.parts.proxy.running) run.drain();
  }

  async whenEmpty(): Promise<void> {
    while (this.parts.listeners.some(({ openConnections }) => openConnections > 0))
      await delay(EMPTY_STEP_MS);
  }

  closeIdle(): void {
    this.parts.drain.patient = false;
    for (const listener of this.parts.listeners) listener.closeIdle();
  }

  closeLongIdle(idleForMs: number): void {
    const idle = this.parts.listeners.flatMap((listener) => listener.idleConnections());
    const most = Math.max(EVICTED_FEWEST, Math.ceil(idle.length * EVICTED_SHARE));
    const longest = idle.filter(([idleMs]) => idleMs >= idleForMs).sort(([left], [right]) => right - left);
    for (const [, connection] of longest.slice(0, most)) connection.closeIfIdle('overload');
    for (const graph of this.graphs()) graph.closeLongIdle(idleForMs);
  }

  descriptorsChanged(): void {
    this.parts.updateCap();
  }

  async whenDrained(): Promise<void> {
    await this.parts.proxy.whenIdle();
    await Promise.all(this.parts.listeners.map((listener) => listener.whenFlushed()));
  }

  get endedWhileDraining(): number {
    return this.parts.proxy.completedCount - this.completedBeforeDrain;
  }

  async streams(query: StreamQuery): Promise<StreamSelection> {
    const { proxy, timers } = this.parts;
    const selector = new StreamSelector<LiveExchange>(query);
    let described = 0;
    for (const run of proxy.running) {
      if (++described % DESCRIBED_PER_TURN === 0) await nextTurn();
      // It may have ended in between.
      if (!run.isOver) selector.offer(run.describe(timers.now()));
    }
    return selector.selection();
  }

  killStream(id: string): number {
    const found = [...this.parts.proxy.running].filter((run) => run.id === id);
    for (const run of found) run.kill();
    return found.length;
  }

  async connections(maxClients: number): Promise<WorkerConnections> {
    const census = new ConnectionCensus();
    let counted = 0;
    for (const listener of this.parts.listeners) {
      census.addListener(listener.config.name);
      for (const connection of listener.held()) {
        if (++counted % COUNTED_PER_TURN === 0) await nextTurn();
        census.addConnection(listener.config.name, connection);
      }
    }
    for (const graph of this.graphs()) for (const row of graph.endpointConnections()) census.addEndpoint(row);
    return census.result(maxClients);
  }

  /** Those of former snapshots whose exchanges still run come last. */
  private graphs(): readonly Graph[] {
    this.retired = this.retired.filter(({ isDisposed }) => !isDisposed);
    return [this.parts.proxy.graph, ...this.retired];
  }

  endpointActivity(): readonly EndpointActivity[] {
    return this.graphs().flatMap((graph) => graph.endpointActivity());
  }

  explain(question: ExplainQuestion): ExplainAnswer {
    return this.parts.proxy.graph.explain?.(question) ?? { problem: 'this worker explains nothing' };
  }

  destroyAll(): readonly LiveExchange[] {
    const nowMs = this.parts.timers.now();
    const running = [...this.parts.proxy.running];
    const cut = running.map((run) => run.describe(nowMs));
    for (const run of running) run.cut();
    for (const listener of this.parts.listeners) listener.destroyAll();
    return cut;
  }

  /** What the worker counted last goes to the primary after this, so that the ledger of the instance stays even. */
  async dispose(): Promise<void> {
    this.discard();
    this.parts.proxy.graph.dispose();
    for (const listener of this.parts.listeners) listener.destroyAll();
    this.parts.timers.dispose();
    for (let turn = 0; turn < CLOSING_TURNS; turn += 1) await nextTurn();
  }
}
