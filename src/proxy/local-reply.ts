import type { Exchange } from '../contracts/exchange.js';
import type { LocalReply } from '../contracts/filter.js';
import { CAUSES } from '../errors/causes.js';
import { fieldsOf } from '../http/field-block.js';
import { encodeGrpcMessage, grpcStatusOf } from '../http/grpc.js';
import type { Problem } from '../http/problem.js';
import { problemOf } from '../http/problem.js';
import { proxyStatusOf } from '../http/proxy-status.js';
import { reasonOf } from '../http/reason.js';

/** Owns the form of the answers that Torus makes itself: a problem document, or a status of gRPC for a client that speaks it. */

/** The answer as it is sent. For gRPC calls it notes the status with the exchange. `proxy`: the name of this gateway in Via. */
export function renderReply(exchange: Exchange, reply: LocalReply, proxy: string): Problem {
  const fields = fieldsWith(reply);
  if (exchange.grpc !== undefined && reply.status >= 300) {
    exchange.grpc.status = grpcStatusOf(reply.status, reply.cause);
    const proxyStatus = proxyStatusOf(reply.cause, proxy);
    const status = String(exchange.grpc.status);
    return grpcReply(exchange, reply, [...fields, ['grpc-status', status], ['proxy-status', proxyStatus]]);
  }
  const { status, cause, detail } = reply;
  const traceId = exchange.trace?.sampled === true ? exchange.trace.traceId : undefined;
  return problemOf({ status, cause, requestId: exchange.id, traceId, detail, fields, proxy });
}

type Pair = readonly [name: string, value: string];

function fieldsWith({ status, fields }: LocalReply): readonly Pair[] {
  if (fields !== undefined) return fields;
  return status === 503 ? RETRY_AFTER : [];
}

const RETRY_AFTER: readonly Pair[] = [['retry-after', '1']];

/** Trailers-only: a status of gRPC travels with 200, in the head, and nothing follows. */
function grpcReply({ id }: Exchange, { cause, detail }: LocalReply, fields: readonly Pair[]): Problem {
  const message = `${detail ?? CAUSES[cause].title} (${cause})`;
  const pairs: readonly Pair[] = [
    ['content-type', 'application/grpc'],
    ...fields,
    ['grpc-message', encodeGrpcMessage(message)],
    ['x-request-id', id],
  ];
  // Of unknown length, so that no Content-Length is told: it would be one of the trailers.
  const head = {
    status: 200,
    reason: reasonOf(200),
    fields: fieldsOf(pairs),
    framing: 'chunked',
    contentLength: -1,
  } as const;
  return { head, body: undefined };
}
