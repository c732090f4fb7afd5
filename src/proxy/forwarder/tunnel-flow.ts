import type { Duplex } from 'node:stream';
import type { FlowRecord, FlowSource, FlowWatch } from '../../contracts/flow.js';

/**
 * Owns the measure of a tunnel's two directions. A pipeline pauses its source while the destination takes nothing, and that is
 * an event: no work for a byte but the note that it went by.
 */

/** The stages of a tunnel in the order in which its bytes pass them; what stands between the ends keeps some of them. */
export interface TunnelEnds {
  readonly client: Duplex;
  readonly upstream: Duplex;
  /** Before the client. */
  readonly between: Duplex | undefined;
}

/** To be called when the pipelines are joined. */
export function watchTunnel({ client, upstream, between }: TunnelEnds, flow: FlowRecord): void {
  watchWay(client, upstream, flow.toUpstream(client));
  watchWay(between ?? upstream, client, flow.toClient(sourceOf(upstream, between)));
}

function sourceOf(upstream: Duplex & FlowSource, between: Duplex | undefined): FlowSource {
  if (between === undefined) return upstream;
  return {
    get readableLength() {
      return upstream.readableLength + between.writableLength + between.readableLength;
    },
  };
}

function watchWay(source: Duplex, destination: Duplex, watch: FlowWatch): void {
  source.on('data', () => watch.onMoved());
  source.on('pause', () => {
    // It also pauses when it has been given away, and at its end.
    if (destination.writableNeedDrain) watch.onBlocked(destination.writableLength);
  });
  destination.on('drain', () => watch.onTaken());
}
