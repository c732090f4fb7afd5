/** A JSON Web Key as published in a JWKS document (RFC 7517). Unvalidated. */
export type Jwk = Readonly<Record<string, unknown>>;

/** Keys of one issuer, as last fetched. `generation` grows with each successful fetch. */
export interface KeySetSnapshot {
  readonly generation: number;
  readonly keys: readonly Jwk[];
}

/** Remote key sets, fetched once for the instance by the primary and handed to every worker. */
export interface KeySetSource {
  /** The newest keys of that JWKS URL; undefined while none could be fetched yet. Never blocks. */
  current(url: string): KeySetSnapshot | undefined;
  /**
   * Asks for a fetch because a key id was unknown. Rate limited for the instance: resolves with the newest keys,
   * which may be the same as before. Never rejects.
   */
  refresh(url: string): Promise<KeySetSnapshot | undefined>;
}
