/** Owns the policy "it is elsewhere": every request of the route is answered with one status and a Location. */
import type { RedirectOptions } from '../../../contracts/config.js';
import type { Exchange } from '../../../contracts/exchange.js';
import type { FilterFactory, LocalReply } from '../../../contracts/filter.js';
import { shownUrl } from '../../../http/secret-value.js';
import { compileLocation } from './location-template.js';

const NO_HOST: LocalReply = {
  status: 400,
  cause: 'downstream.filter.answered',
  detail: 'The request names no host to redirect to.',
};

export const redirectFactory: FilterFactory<RedirectOptions> = {
  name: 'redirect',
  create({ status, location }) {
    const locate = compileLocation(location);
    const answer = ({ request }: Exchange): LocalReply => {
      const target = locate(request);
      if (target === undefined) return NO_HOST;
      return { status, cause: 'downstream.filter.redirected', fields: [['location', target]] };
    };
    return {
      name: 'redirect',
      onRequest: answer,
      explain(exchange) {
        const { cause, detail, fields, ...reply } = answer(exchange);
        const target = shownUrl(fields?.[0]?.[1] ?? '');
        const why = detail ?? `every request of the route is sent to ${target}`;
        return { verdict: 'answers', why, status: reply.status, cause, details: { location: target } };
      },
    };
  },
};
