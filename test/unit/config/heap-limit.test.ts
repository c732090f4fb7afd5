import { oldGenerationLimit } from '../../../src/config/heap-limit.js';

const MIB = 1024 * 1024;

describe('oldGenerationLimit', () => {
  it.each([
    [['--max-old-space-size=64'], ''],
    [['--enable-source-maps', '--max_old_space_size=64'], ''],
    [[], '--trace-warnings --max-old-space-size=64'],
    [['--max-old-space-size=64'], '--max-old-space-size=512'],
    [[], '--max-old-space-size=512 --max-old-space-size=64'],
  ])('is what the flag says: %j %j', (args, nodeOptions) => {
    expect(oldGenerationLimit(args, nodeOptions, 114 * MIB)).toBe(64 * MIB);
  });

  it('is the limit of the heap less its young generation where there is no flag', () => {
    expect(oldGenerationLimit([], '', 4144 * MIB)).toBe(4096 * MIB);
    expect(oldGenerationLimit([], '', 60 * MIB)).toBe(30 * MIB);
  });
});
