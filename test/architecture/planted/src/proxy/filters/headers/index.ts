import type { Filter } from '../../../contracts/filter.js';
export const headers: Filter = { name: 'headers' };
