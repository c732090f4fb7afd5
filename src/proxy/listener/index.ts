/** The way into the listener stage. */
export { ConnectionCap } from './connection-cap.js';
export { describeConnection, readQuestion } from './question.js';
export { Listener } from './listener.js';
export type { ListenerContext } from './listener-context.js';
export { ProxiedPeers } from './proxied-peers.js';
