/** Owns the list of filters there are: the only place that knows them all. */
import type { FilterConfig } from '../../contracts/config.js';
import type { Filter, FilterServices } from '../../contracts/filter.js';
import { bodyLimitFactory } from './body-limit/index.js';
import { headersFactory } from './headers/index.js';
import { ipAllowFactory } from './ip-allow/index.js';
import { jwtAuthFactory } from './jwt-auth/index.js';
import { redirectFactory } from './redirect/index.js';

/** Makes the filter of one route. Throws a RangeError on options that cannot work. */
export function createFilter(config: FilterConfig, services: FilterServices): Filter & { dispose?(): void } {
  switch (config.name) {
    case 'jwt-auth':
      return jwtAuthFactory.create(config.options, services);
    case 'headers':
      return headersFactory.create(config.options, services);
    case 'body-limit':
      return bodyLimitFactory.create(config.options, services);
    case 'ip-allow':
      return ipAllowFactory.create(config.options, services);
    case 'redirect':
      return redirectFactory.create(config.options, services);
  }
}
