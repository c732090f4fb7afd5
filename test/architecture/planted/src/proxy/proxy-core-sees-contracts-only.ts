import { route } from './router/router.js';
export const reached = route;
