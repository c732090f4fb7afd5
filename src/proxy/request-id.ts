import { randomBytes } from 'node:crypto';
import { TOKEN, consistsOf } from '../http/characters.js';

/** Owns request ids: unique across workers and restarts, cheap to make, and taken from a peer only when it is trusted. */

const MAX_CLAIMED_LENGTH = 128;

export class RequestIds {
  private readonly prefix = unique();
  private count = 0;

  next(): string {
    this.count += 1;
    return `${this.prefix}-${this.count.toString(36)}`;
  }

  /** The id a trusted peer sent, if it is a short token; else a new one. */
  adopt(claimed: string | undefined): string {
    if (claimed === undefined || claimed.length > MAX_CLAIMED_LENGTH || !consistsOf(claimed, TOKEN))
      return this.next();
    return claimed;
  }
}

/** Letters and digits only: a word that begins with `-` is an option where it is pasted behind a command. */
const unique = (): string => randomBytes(9).toString('base64url').replaceAll('-', '0').replaceAll('_', '1');
