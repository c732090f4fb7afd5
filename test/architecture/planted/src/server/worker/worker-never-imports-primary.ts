import type { Supervised } from '../primary/supervisor.js';
export type Reached = Supervised;
