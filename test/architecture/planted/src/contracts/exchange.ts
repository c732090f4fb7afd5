import type { Filter } from './filter.js';
export interface Exchange { readonly filters: readonly Filter[] }
