import type { ListenerConfig } from '../../contracts/config.js';
import type { RequestHandler } from '../../contracts/downstream.js';
import type { ClientInfo } from '../../contracts/exchange.js';
import type { Overload } from '../../contracts/overload.js';
import type { RejectedRequest, Telemetry } from '../../contracts/telemetry.js';
import type { Timers } from '../../contracts/timers.js';
import type { IpSet } from '../../http/ip-set.js';
import type { PeerAddresses, ProxiedPeers } from './proxied-peers.js';

/** What every connection of a listener shares. */
export interface ListenerContext {
  readonly config: ListenerConfig;
  readonly handler: RequestHandler;
  readonly telemetry: Telemetry;
  readonly timers: Timers;
  /** Changes with a reload. */
  readonly trusted: IpSet;
  /** What this gateway calls itself. Changes with a reload. */
  readonly proxyName: string;
  /** A request id for what is refused before it becomes an exchange. */
  readonly nextId: () => string;
  /** The gateway drains: every response says that its connection closes. */
  readonly isDraining: () => boolean;
  /** There is time to drain: what a response has promised is kept. */
  readonly isPatient: () => boolean;
  readonly overload: Overload;
  /** Whom PROXY headers named; undefined where the listener reads none. */
  readonly peers?: ProxiedPeers | undefined;
}

/** When a connection has served its time. Jitter keeps those that were opened together from closing together. */
export function drawTerm({ config, timers }: ListenerContext): {
  readonly expiresAtMs: number;
  readonly maxRequests: number;
} {
  const { connectionAgeMs, requestsPerConnection } = config.limits;
  return {
    expiresAtMs: timers.now() + connectionAgeMs * (0.9 + 0.2 * Math.random()),
    maxRequests: Math.round(requestsPerConnection * (0.9 + 0.1 * Math.random())),
  };
}

/** Counts a request that never became an exchange. Returns the id under which it was logged. */
export function countRejected(
  { nextId, telemetry }: ListenerContext,
  { listener, peerAddress }: ClientInfo,
  why: Pick<RejectedRequest, 'status' | 'cause' | 'detail' | 'asked'>,
): string {
  const id = nextId();
  telemetry.requestRejected({ id, listener, ...why, client: peerAddress });
  return id;
}

/** What is known of the peer before it said anything. */
export function clientInfoOf(context: ListenerContext, socket: PeerAddresses): ClientInfo {
  const peer = context.peers === undefined ? socket : context.peers.of(socket);
  const peerAddress = plainAddress(peer.remoteAddress ?? '');
  return {
    address: peerAddress,
    peerAddress,
    peerPort: peer.remotePort ?? 0,
    trusted: context.trusted.has(peerAddress),
    listener: context.config.name,
    tls: context.config.tls !== undefined,
    local: peer,
  };
}

/** The same peer, judged again: a connection may outlive the set of trusted peers that it was accepted under. */
export function withTrust(client: ClientInfo, trusted: IpSet): ClientInfo {
  return { ...client, trusted: trusted.has(client.peerAddress) };
}

/** A dual-stack socket shows IPv4 peers as `::ffff:a.b.c.d`; policies and logs want `a.b.c.d`. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
