import type { Socket } from 'node:net';
export type Allowed = Socket;
