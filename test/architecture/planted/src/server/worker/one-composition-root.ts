import { route } from '../../proxy/router/router.js';
export const reached = route;
