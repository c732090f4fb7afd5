import { load } from '../config/load.js';
export const reached = load;
