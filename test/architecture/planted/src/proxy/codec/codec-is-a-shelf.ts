import { forward } from '../forwarder/forward.js';
export const reached = forward;
