/** Owns the policy "it is elsewhere": every request of the route is answered with one status and a Location. */
import type { RedirectOptions } from '../../../contracts/config.js';
import type { FilterFactory, FilterVerdict } from '../../../contracts/filter.js';
import { compileLocation } from './location-template.js';

const NO_HOST: FilterVerdict = {
  status: 400,
  cause: 'downstream.filter.answered',
  detail: 'The request names no host to redirect to.',
};

export const redirectFactory: FilterFactory<RedirectOptions> = {
  name: 'redirect',
  create({ status, location }) {
    const locate = compileLocation(location);
    return {
      name: 'redirect',
      onRequest({ request }) {
        const target = locate(request);
        if (target === undefined) return NO_HOST;
        return { status, cause: 'downstream.filter.redirected', fields: [['location', target]] };
      },
    };
  },
};
