import type { Message } from '../ipc/messages.js';
export type Supervised = Message;
