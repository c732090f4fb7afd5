/**
 * Owns what is known of requests that a connection has begun to bring and that never became one: nghttp2 resets those whose head
 * is malformed without telling anybody, and a head may lack its end. Only the number of the last stream begun gives them away.
 */
export class UnseenHeads {
  private seenId = 0;
  private pendingId = 0;

  /** A request was handed over. True when one before it was refused: a head never comes between the pieces of another. */
  handedOver(id: number): boolean {
    const wasRefused = this.pendingId > 0 && this.pendingId < id;
    this.pendingId = 0;
    if (id > this.seenId) this.seenId = id;
    return wasRefused;
  }

  /** True when one before it was refused. To be asked in intervals: of those refused between two, only the last is seen. */
  begun(lastId: number): boolean {
    if (lastId <= this.seenId) return false;
    const wasRefused = this.pendingId > 0 && this.pendingId < lastId;
    this.pendingId = lastId;
    return wasRefused;
  }

  /** The last head begun was refused, or is still on its way. */
  isPending(): boolean {
    return this.pendingId > 0;
  }

  /** It will never be handed over. True when there was one. */
  giveUp(): boolean {
    if (!this.isPending()) return false;
    this.seenId = this.pendingId;
    this.pendingId = 0;
    return true;
  }
}
