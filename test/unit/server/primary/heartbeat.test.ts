import { judgeWorker } from '../../../../src/server/primary/heartbeat.js';

const limits = { heartbeatTimeoutMs: 3000, startTimeoutMs: 5000 };
const worker = { ready: true, forkedAt: 0, heardAt: 0, pingedAt: 0 };

describe('judgeWorker', () => {
  it('pings a ready worker when a ping is due', () => {
    expect(judgeWorker(worker, limits, 999)).toBe('fine');
    expect(judgeWorker(worker, limits, 1000)).toBe('ping');
  });
  it('names a worker silent past the timeout', () => {
    expect(judgeWorker({ ...worker, pingedAt: 2900 }, limits, 3001)).toBe('silent');
  });
  it('never calls a worker silent when the heartbeat is off', () => {
    expect(judgeWorker(worker, { ...limits, heartbeatTimeoutMs: 0 }, 1e9)).toBe('ping');
  });
  it('names a worker that does not become ready', () => {
    expect(judgeWorker({ ...worker, ready: false }, limits, 5000)).toBe('fine');
    expect(judgeWorker({ ...worker, ready: false }, limits, 5001)).toBe('start-too-slow');
  });
});
