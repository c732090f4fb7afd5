import type { GrpcCall } from '../contracts/exchange.js';
import type { Fields } from '../contracts/fields.js';
import { parseGrpcTimeout } from '../http/grpc.js';

/**
 * Owns how long a gRPC call may take: the shorter of what the client and the route allow; what is left of it is told the upstream
 * anew with each attempt, so that the field of the client must go. Milliseconds; 0 for no limit, and the field may stay.
 */
export function grpcLimit(
  call: GrpcCall,
  fields: Fields,
  { requestMs, startedAt }: { readonly requestMs: number; readonly startedAt: number },
): number {
  const askedMs = parseGrpcTimeout(fields.get('grpc-timeout')) ?? Infinity;
  const limitMs = Math.min(askedMs, requestMs > 0 ? requestMs : Infinity);
  if (limitMs === Infinity) return 0;
  call.deadlineAtMs = startedAt + limitMs;
  return limitMs;
}
