/** Owns the policy "only these addresses": `deny` is asked first, then `allow`; what is no address is refused. */
import type { IpAllowOptions } from '../../../contracts/config.js';
import type { FilterExplanation } from '../../../contracts/explanation.js';
import type { FilterFactory, LocalReply } from '../../../contracts/filter.js';
import { canonicalAddress, compileIpSet } from '../../../http/ip-set.js';

const FORBIDDEN: LocalReply = {
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
      explain: ({ client }) => explain(client.address, { allow, deny }, admits(client.address)),
    };
  },
};

function explain(address: string, { allow, deny }: IpAllowOptions, isAdmitted: boolean): FilterExplanation {
  const why = `${address} ${reasonFor(address, { allow, deny })}`;
  if (isAdmitted) return { verdict: 'continues', why };
  return { verdict: 'answers', why, status: FORBIDDEN.status, cause: FORBIDDEN.cause };
}

function reasonFor(address: string, { allow, deny }: IpAllowOptions): string {
  if (canonicalAddress(address) === undefined) return 'is no address';
  const denying = holding(deny, address);
  if (denying !== undefined) return `is in deny ${denying}`;
  const allowing = holding(allow, address);
  if (allowing !== undefined) return `is in allow ${allowing}`;
  return allow.length === 0 ? 'is not in deny, and there is no allow' : 'is not in allow';
}

/** The first of the networks that holds the address. */
const holding = (networks: readonly string[], address: string): string | undefined =>
  networks.find((network) => compileIpSet([network]).has(address));
