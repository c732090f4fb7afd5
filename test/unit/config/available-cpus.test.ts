import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { availableCpus } from '../../../src/config/index.js';
import { Workspace } from './configuration-fixture.js';

describe('availableCpus', () => {
  const workspace = new Workspace();
  afterAll(() => workspace.dispose());

  const withFiles = (name: string, files: Readonly<Record<string, string>>, membership = ''): number => {
    for (const [file, text] of Object.entries(files)) workspace.write(join(name, file), text);
    workspace.write(join(name, 'membership'), membership);
    return availableCpus(join(workspace.cwd, name), join(workspace.cwd, name, 'membership'));
  };

  it('is what the scheduler allows when there is no quota', () => {
    expect(withFiles('none', { 'cpu.max': 'max 100000\n' })).toBe(availableParallelism());
    expect(
      withFiles('v1-none', { 'cpu/cpu.cfs_quota_us': '-1\n', 'cpu/cpu.cfs_period_us': '100000\n' }),
    ).toBe(availableParallelism());
    expect(availableCpus(join(workspace.cwd, 'absent'), join(workspace.cwd, 'absent'))).toBe(
      availableParallelism(),
    );
  });

  it('honours a version 2 quota, and is at least 1', () => {
    expect(withFiles('v2', { 'cpu.max': '50000 100000\n' })).toBe(1);
    expect(withFiles('v2-one-and-a-half', { 'cpu.max': '150000 100000\n' })).toBe(1);
  });

  it('honours a version 1 quota', () => {
    expect(
      withFiles('v1', {
        'cpu,cpuacct/cpu.cfs_quota_us': '100000',
        'cpu,cpuacct/cpu.cfs_period_us': '100000',
      }),
    ).toBe(1);
  });

  it('honours the quota of the group that this process is in', () => {
    expect(withFiles('nested', { 'a/cpu.max': '100000 100000' }, '0::/a/b\n')).toBe(1);
  });
});
