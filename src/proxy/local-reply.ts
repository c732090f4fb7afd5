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

/** The answer as it is sent. For gRPC calls it notes the status with the exchange. */
export function renderReply(exchange: Exchange, reply: LocalReply): Problem {
  const fields = fieldsWith(reply);
  if (exchange.grpc !== undefined && reply.status >= 300) {
    exchange.grpc.status = grpcStatusOf(reply.status, reply.cause);
    return grpcReply(exchange, reply, [...fields, ['grpc-status', String(exchange.grpc.status)]]);
  }
  const { status, cause, detail } = reply;
  const traceId = exchange.trace?.sampled === true ? exchange.trace.traceId : undefined;
  return problemOf({ status, cause, requestId: exchange.id, traceId, detail, fields });
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
    ['proxy-status', proxyStatusOf(cause)],
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
