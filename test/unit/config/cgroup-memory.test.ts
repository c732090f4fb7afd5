import { join } from 'node:path';
import { cgroupMemoryReader } from '../../../src/config/cgroup-memory.js';
import { Workspace } from './configuration-fixture.js';

const MIB = 1024 * 1024;
const mebibytes = (count: number): string => `${String(count * MIB)}\n`;

describe('cgroupMemoryReader', () => {
  const workspace = new Workspace();
  afterAll(() => workspace.dispose());

  const arrange = (name: string, files: Readonly<Record<string, string>>, membership = '') => {
    for (const [file, text] of Object.entries(files)) workspace.write(join(name, file), text);
    workspace.write(join(name, 'membership'), membership);
    return cgroupMemoryReader(join(workspace.cwd, name), join(workspace.cwd, name, 'membership'));
  };

  it('says nothing where there is no limit, and where there is no cgroup', () => {
    expect(arrange('none', { 'memory.max': 'max\n', 'memory.current': mebibytes(5) })()).toBeUndefined();
    const endless = { 'memory/memory.limit_in_bytes': '9223372036854771712\n' };
    expect(arrange('v1-none', endless)()).toBeUndefined();
    const absent = join(workspace.cwd, 'absent');
    expect(cgroupMemoryReader(absent, absent)()).toBeUndefined();
  });

  it('reads version 2, less the cache that can be dropped', () => {
    const read = arrange('v2', {
      'memory.max': mebibytes(100),
      'memory.current': mebibytes(90),
      'memory.stat': `anon 1\nfile 2\ninactive_file ${mebibytes(30)}active_file 4\n`,
    });
    expect(read()).toEqual({ usedBytes: 60 * MIB, limitBytes: 100 * MIB });
  });

  it('reads version 1, less the cache that can be dropped', () => {
    const read = arrange('v1', {
      'memory/memory.limit_in_bytes': mebibytes(100),
      'memory/memory.usage_in_bytes': mebibytes(90),
      'memory/memory.stat': `inactive_file 7\ntotal_inactive_file ${mebibytes(10)}`,
    });
    expect(read()).toEqual({ usedBytes: 80 * MIB, limitBytes: 100 * MIB });
  });

  it('takes the fullest of the groups around this process', () => {
    const read = arrange(
      'nested',
      {
        'a/memory.max': mebibytes(100),
        'a/memory.current': mebibytes(90),
        'a/b/memory.max': mebibytes(50),
        'a/b/memory.current': mebibytes(10),
        'other/memory.max': mebibytes(10),
        'other/memory.current': mebibytes(10),
      },
      '0::/a/b\n',
    );
    expect(read()).toEqual({ usedBytes: 90 * MIB, limitBytes: 100 * MIB });
  });

  it('follows a limit that changes, and survives files that go', () => {
    const read = arrange('live', { 'memory.max': 'max\n', 'memory.current': mebibytes(5) });
    expect(read()).toBeUndefined();
    workspace.write('live/memory.max', mebibytes(10));
    expect(read()).toEqual({ usedBytes: 5 * MIB, limitBytes: 10 * MIB });
    workspace.write('live/memory.current', '');
    expect(read()).toBeUndefined();
  });
});
