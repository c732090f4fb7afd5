/** Owns what is said about the machine and the tools, so that a result can be judged later. */
import os from 'node:os';
import { findProgram } from '../peers/peer.mjs';

/** @returns {{ date: string, kernel: string, processor: string, cores: number, memoryGiB: number, loadBefore: number, tools: Record<string, string> }} */
export const describeMachine = () => {
  const h2load = findProgram('h2load', ['--version'], /nghttp2\/(\S+)/);
  const wrk = findProgram('wrk', ['-v'], /^wrk (\S+)/);
  return {
    date: new Date().toISOString(),
    kernel: `${os.type()} ${os.release()} ${os.arch()}`,
    processor: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    // Of the last minute: above a half, somebody else was at work.
    loadBefore: os.loadavg()[0],
    tools: {
      Node: process.versions.node,
      OpenSSL: process.versions.openssl,
      wrk: 'version' in wrk ? wrk.version : 'none',
      h2load: 'version' in h2load ? h2load.version : 'none',
    },
  };
};
