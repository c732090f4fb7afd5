import { headers } from '../headers/index.js';
export const reached = headers;
