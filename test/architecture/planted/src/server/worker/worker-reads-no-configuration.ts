import { loaded } from '../../config/load-config.js';

export const read = loaded;
