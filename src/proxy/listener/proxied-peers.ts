import type { Socket } from 'node:net';
import type { LocalAddress } from '../../contracts/exchange.js';
import type { ProxiedAddresses } from '../codec/proxy-protocol/index.js';

/** The two ends of a connection, as a socket tells them. */
export interface PeerAddresses extends LocalAddress {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/**
 * Owns what PROXY headers said of the open connections of one listener. Known by the address of the sender: that is the same
 * for a socket and for the TLS socket above it, and no two open connections share one.
 */
export class ProxiedPeers {
  private readonly named = new Map<string, PeerAddresses>();

  /** Holds until the socket closes. */
  name(socket: Socket, addresses: ProxiedAddresses): void {
    const key = keyOf(socket);
    this.named.set(key, {
      remoteAddress: addresses.sourceAddress,
      remotePort: addresses.sourcePort,
      localAddress: addresses.destinationAddress,
      localPort: addresses.destinationPort,
    });
    socket.once('close', () => {
      this.named.delete(key);
    });
  }

  /** The client that a header named, else the peer itself. */
  of(socket: PeerAddresses): PeerAddresses {
    return this.named.get(keyOf(socket)) ?? socket;
  }
}

const keyOf = ({ remoteAddress, remotePort, localPort }: PeerAddresses): string =>
  `${remoteAddress ?? ''} ${String(remotePort)} ${String(localPort)}`;
