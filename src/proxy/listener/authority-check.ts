import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Owns the question whether a connection may be used for a host (RFC 9113 section 9.1.1): clients send requests for other
 * hosts on a connection that they have, and are right where its certificate covers them.
 */
export class AuthorityCheck {
  private readonly socket: TLSSocket | undefined;
  /** The host that was asked for last, and the answer. */
  private lastHost: string;
  private lastFits = true;

  constructor(socket: Socket) {
    // Without a name (a probe by address) there is nothing to hold the client to.
    const named = socket instanceof TLSSocket && typeof socket.servername === 'string';
    this.socket = named ? socket : undefined;
    this.lastHost = named ? String(socket.servername).toLowerCase() : '';
  }

  fits(host: string): boolean {
    if (this.socket === undefined) return true;
    if (host !== this.lastHost) {
      this.lastFits = this.isServerName(host) || this.isCovered(host);
      this.lastHost = host;
    }
    return this.lastFits;
  }

  private isServerName(host: string): boolean {
    return String(this.socket?.servername).toLowerCase() === host;
  }

  private isCovered(host: string): boolean {
    const certificate = this.socket?.getX509Certificate();
    if (certificate === undefined) return true;
    const address = bare(host);
    return (isIP(address) > 0 ? certificate.checkIP(address) : certificate.checkHost(host)) !== undefined;
  }
}

/** `[::1]` without its brackets. */
const bare = (host: string): string => (host.startsWith('[') ? host.slice(1, -1) : host);
