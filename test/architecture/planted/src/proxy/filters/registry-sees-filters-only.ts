import { route } from '../router/router.js';
import { headers } from './headers/index.js';
export const reached = [route, headers];
