import { isDeepStrictEqual } from 'node:util';
import type { ConfigSnapshot, ListenerConfig, ListenerTlsConfig } from '../contracts/config.js';

/** A listener as far as its certificates go. */
export interface CertifiedListener {
  readonly config: ListenerConfig;
  prepareCertificates(tls: ListenerTlsConfig): () => void;
}

/** Owns the renewal of certificates: those of a new snapshot are made ready beside the old, and shown when it is committed. */
export class ServedCertificates {
  private readonly listeners: readonly CertifiedListener[];
  private served: ReadonlyMap<string, ListenerTlsConfig['certificates']>;
  private next: ReadonlyMap<string, ListenerTlsConfig['certificates']>;
  private renewals: readonly (() => void)[] = [];

  constructor(listeners: readonly CertifiedListener[]) {
    this.listeners = listeners;
    this.served = certificatesOf(listeners.map(({ config }) => config));
    this.next = this.served;
  }

  /** Throws when one of them cannot be used; what is shown stays as it is. */
  prepare(snapshot: ConfigSnapshot): void {
    this.renewals = [];
    this.next = certificatesOf(snapshot.listeners);
    this.renewals = this.listeners.flatMap((listener) => this.renewalOf(listener, snapshot));
  }

  commit(): void {
    for (const renew of this.renewals) renew();
    this.renewals = [];
    this.served = this.next;
  }

  private renewalOf(listener: CertifiedListener, snapshot: ConfigSnapshot): readonly (() => void)[] {
    const { name } = listener.config;
    const tls = snapshot.listeners.find((candidate) => candidate.name === name)?.tls;
    // Making a context costs a millisecond: unchanged ones stay.
    if (tls === undefined || isDeepStrictEqual(tls.certificates, this.served.get(name))) return [];
    return [listener.prepareCertificates(tls)];
  }
}

function certificatesOf(
  listeners: readonly ListenerConfig[],
): ReadonlyMap<string, ListenerTlsConfig['certificates']> {
  return new Map(listeners.flatMap(({ name, tls }) => (tls === undefined ? [] : [[name, tls.certificates]])));
}
