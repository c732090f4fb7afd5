/** Owns the policy "only these addresses": `deny` is asked first, then `allow`; what is no address is refused. */
import type { IpAllowOptions } from '../../../contracts/config.js';
import type { FilterFactory, FilterVerdict } from '../../../contracts/filter.js';
import { canonicalAddress, compileIpSet } from '../../../http/ip-set.js';

const FORBIDDEN: FilterVerdict = {
  status: 403,
  cause: 'downstream.filter.forbidden',
  detail: 'This address may not come in here.',
};

export const ipAllowFactory: FilterFactory<IpAllowOptions> = {
  name: 'ip-allow',
  create({ allow, deny }) {
    const allowed = compileIpSet(allow);
    const denied = compileIpSet(deny);
    const admits = (address: string): boolean =>
      canonicalAddress(address) !== undefined &&
      !denied.has(address) &&
      (allowed.empty || allowed.has(address));
    return {
      name: 'ip-allow',
      onRequest: (exchange) => (admits(exchange.client.address) ? undefined : FORBIDDEN),
    };
  },
};
