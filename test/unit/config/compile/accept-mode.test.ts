import { availableAcceptMode } from '../../../../src/config/compile/accept-mode.js';
import { ConfigReport } from '../../../../src/config/config-report.js';
import type { AcceptMode } from '../../../../src/contracts/config.js';

const judge = (wanted: AcceptMode, nodeVersion: string, platform: NodeJS.Platform = 'linux') => {
  const report = new ConfigReport({ file: undefined, lineOf: () => undefined });
  const mode = availableAcceptMode(wanted, report, { nodeVersion, platform });
  return { mode, warnings: report.warnings.map(({ path, message }) => `${path}: ${message}`) };
};

describe('the way that connections reach the workers', () => {
  it.each([
    ['shared', '20.20.2', 'darwin'],
    ['round-robin', '22.12.0', 'darwin'],
    ['round-robin', '24.0.0', 'win32'],
    ['reuse-port', '22.12.0', 'linux'],
    ['reuse-port', '23.1.0', 'linux'],
    ['reuse-port', '26.10.0', 'freebsd'],
  ] as const)('is %s on Node %s and %s', (wanted, version, platform) => {
    expect(judge(wanted, version, platform)).toEqual({ mode: wanted, warnings: [] });
  });
  it.each([
    ['reuse-port', '20.20.2', 'linux', 'needs Node 22.12 (or 23.1), and this is 20.20.2'],
    ['round-robin', '22.11.0', 'linux', 'needs Node 22.12 (or 23.1), and this is 22.11.0'],
    ['reuse-port', '23.0.0', 'linux', 'needs Node 22.12 (or 23.1), and this is 23.0.0'],
    ['reuse-port', '24.0.0', 'darwin', 'is not available on darwin'],
  ] as const)('is not %s on Node %s and %s, with a warning', (wanted, version, platform, lack) => {
    expect(judge(wanted, version, platform)).toEqual({
      mode: 'shared',
      warnings: [`accept: ${wanted} ${lack}: shared is used in its place`],
    });
  });
});
