/** Owns the check that asks for nothing but a connection. */
import { connect } from 'node:net';
import { detailOf, failed, passed, runProbe } from './probe.js';
import type { Probe } from './probe.js';

export const probeTcp: Probe<'tcp'> = ({ endpoint, port, timeoutMs }) =>
  runProbe(timeoutMs, (settle) => {
    const socket = connect({ host: endpoint.host, port });
    socket.once('connect', () => settle(passed('connected')));
    socket.on('error', (error) => settle(failed(detailOf(error))));
    return () => socket.destroy();
  });
