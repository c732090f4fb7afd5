import { logger } from '../observability/logger.js';
export const reached = logger;
