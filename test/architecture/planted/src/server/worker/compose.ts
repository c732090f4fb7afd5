import { handle } from '../../proxy/http-proxy.js';
import type { Message } from '../ipc/messages.js';
export const compose = (message: Message): number => handle(message);
