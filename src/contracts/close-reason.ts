/** Why a socket closed: the label `reason` of `torus_sockets_closed_total`. docs/metrics.md says what each word means. */
export type CloseReason = DownstreamCloseReason | UpstreamCloseReason;

/** Of the sockets that a worker held when it died: nobody is left to say more. */
export type GoneReason = 'worker-gone';

export type DownstreamCloseReason =
  | 'peer-closed'
  | 'peer-reset'
  | 'peer-error'
  | 'error'
  | 'finished'
  | 'idle'
  | 'request-limit'
  | 'rejected'
  | 'aborted'
  | 'write-timeout'
  | 'tunnel-ended'
  | 'drain'
  | 'overload'
  | 'handshake-failed'
  | 'no-protocol'
  | 'proxy-header'
  | 'protocol-error'
  | 'reset-flood'
  | 'control-flood'
  | 'frame-flood'
  | 'stream-flood'
  | 'overhead-flood';

export type UpstreamCloseReason =
  | 'peer-closed'
  | 'error'
  | 'idle'
  | 'not-reusable'
  | 'request-limit'
  | 'aborted'
  | 'tunnel-ended'
  | 'connect-timeout'
  | 'timeout'
  | 'ping-timeout'
  | 'protocol'
  | 'protocol-error'
  | 'unsolicited'
  | 'goaway'
  | 'surplus'
  | 'replaced'
  | 'disposed'
  | 'overload';
