import { forward } from '../proxy/forwarder/forward.js';
export const reached = forward;
