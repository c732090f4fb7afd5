import { reached } from '../../config/reaches-the-data-plane.js';
export const indirect = reached;
