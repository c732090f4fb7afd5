/** Owns the choice of the probe. */
import type { HealthProbeConfig } from '../../../../contracts/upstream-config.js';
import { probeGrpc } from './grpc-probe.js';
import { probeHttp } from './http-probe.js';
import type { ProbeTarget, RunningProbe } from './probe.js';
import { probeTcp } from './tcp-probe.js';

export type RunProbe = (target: ProbeTarget, config: HealthProbeConfig) => RunningProbe;

export const startProbe: RunProbe = (target, config) => {
  switch (config.kind) {
    case 'http':
      return probeHttp(target, config);
    case 'tcp':
      return probeTcp(target, config);
    case 'grpc':
      return probeGrpc(target, config);
  }
};
