import { join } from 'node:path';
import { fileDescriptorLimit } from '../../../src/config/index.js';
import { Workspace } from './configuration-fixture.js';

describe('fileDescriptorLimit', () => {
  const workspace = new Workspace();
  afterAll(() => workspace.dispose());

  const read = (line: string): number => {
    workspace.write(
      'limits',
      `Limit                     Soft Limit           Hard Limit           Units\n${line}\n`,
    );
    return fileDescriptorLimit(join(workspace.cwd, 'limits'));
  };

  it('is the soft limit', () => {
    expect(read('Max open files            1024                 1048576              files')).toBe(1024);
  });

  it('stays finite when there is no limit', () => {
    expect(read('Max open files            unlimited            unlimited            files')).toBe(1_048_576);
  });

  it('assumes a sane value where it cannot be read', () => {
    expect(fileDescriptorLimit(join(workspace.cwd, 'absent'))).toBe(10_240);
  });
});
