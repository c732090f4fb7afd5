import type { ForwardedConfig } from '../../contracts/config.js';
import type { ForwardJob, ForwardOwner, Forwarder, Forwarding } from '../../contracts/forwarder.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timers } from '../../contracts/timers.js';
import { forwardedLinesFor } from './forwarded-lines.js';
import type { ForwardingServices } from './forwarding.js';
import { ExchangeForwarding } from './forwarding.js';

/** The way into the forwarder stage. */
export function createForwarder(
  config: ForwardedConfig,
  shared: { readonly timers: Timers; readonly telemetry: Telemetry },
): Forwarder {
  const services: ForwardingServices = { ...shared, forwardedLines: forwardedLinesFor(config) };
  return {
    forward(job: ForwardJob, owner: ForwardOwner): Forwarding {
      const forwarding = new ExchangeForwarding(job, owner, services);
      forwarding.start();
      return forwarding;
    },
  };
}
