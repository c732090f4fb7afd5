import type { Message } from '../../server/ipc/messages.js';
export type Reached = Message;
