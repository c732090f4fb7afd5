import { logger } from '../../observability/logger.js';
export const route = logger;
