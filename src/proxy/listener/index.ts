/** The way into the listener stage. */
export { Listener } from './listener.js';
export type { ListenerContext } from './listener-context.js';
