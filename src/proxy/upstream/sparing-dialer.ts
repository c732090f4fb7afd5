import { Socket } from 'node:net';
import type { Overload } from '../../contracts/overload.js';
import type { Dialer } from './dialer.js';

/**
 * Owns that upstream connections never take the last descriptors of the worker. What is refused to a client has to be accepted
 * first: without a descriptor for that, libuv resets the connection itself, and nobody hears of it.
 */
export function sparingDialer(dialer: Dialer, overload: Pick<Overload, 'mayConnect'>): Dialer {
  const sparing = (dial: () => Socket): Socket => (overload.mayConnect ? dial() : unopened());
  return {
    isTls: dialer.isTls,
    dialPooled: (reader) => sparing(() => dialer.dialPooled(reader)),
    dialTunnel: () => sparing(() => dialer.dialTunnel()),
    dialHttp2: (protocols) => sparing(() => dialer.dialHttp2(protocols)),
    dialPreceded: (preamble) => sparing(() => dialer.dialPreceded(preamble)),
  };
}

/** Fails as one for which the kernel has no descriptor. */
function unopened(): Socket {
  const socket = new Socket();
  process.nextTick(() => {
    socket.destroy(Object.assign(new Error('no descriptor to spare'), { code: 'EMFILE' }));
  });
  return socket;
}
