import type { ForwardedConfig } from '../../contracts/config.js';
import type { ForwardJob, ExplainingForwarder, ForwardOwner, Forwarding } from '../../contracts/forwarder.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timers } from '../../contracts/timers.js';
import { isRefusedConnect } from './connect-tunnel.js';
import { explainForward } from './explain-forward.js';
import { forwardedLinesFor } from './forwarded-lines.js';
import type { ForwardingServices } from './attempt.js';
import { ExchangeForwarding } from './forwarding.js';
import { loopGuardFor } from './loop-guard.js';

/** The way into the forwarder stage. */
export { RequestMirror } from './mirror.js';
export { forwardedLinesFor };

export function createForwarder(
  config: ForwardedConfig,
  shared: { readonly timers: Timers; readonly telemetry: Telemetry },
): ExplainingForwarder {
  const services: ForwardingServices = { ...shared, forwardedLines: forwardedLinesFor(config) };
  const isLooping = loopGuardFor(config.via);
  return {
    explain: (question) => explainForward(question, { forwardedLines: services.forwardedLines, isLooping }),
    forward(job: ForwardJob, owner: ForwardOwner): Forwarding {
      if (isLooping(job.exchange.request.fields)) {
        owner.onForwardFailed('downstream.route.loop', undefined);
        return NOT_BEGUN;
      }
      if (isRefusedConnect(job)) {
        owner.onForwardFailed('downstream.route.upgrade-refused', job.downstream.head.upgrade);
        return NOT_BEGUN;
      }
      const { trace } = job.exchange;
      if (trace !== undefined) for (const name of trace.replaced) job.fields.remove(name);
      const { mirror } = job.route;
      const told = mirror === undefined ? owner : mirror.observe(job, owner);
      const forwarding = new ExchangeForwarding(job, told, services);
      forwarding.start();
      return forwarding;
    },
  };
}

const NOT_BEGUN: Forwarding = { cancel: () => undefined, expire: () => undefined };
