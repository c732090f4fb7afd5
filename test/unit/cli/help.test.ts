import { help } from '../../../src/cli/help.js';
import { OPTIONS } from '../../../src/cli/options.js';
import { VERBS } from '../../../src/cli/verbs.js';

describe('the help text', () => {
  it('has a line for every command and every option', () => {
    const lines = help().split('\n');
    for (const name of Object.keys(VERBS))
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^  ${name}( |$)`)));
    for (const name of Object.keys(OPTIONS))
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^  +(-\\w, )?--${name}( |$)`)));
  });

  it('has no option that no command takes', () => {
    const taken = new Set(Object.values(VERBS).flatMap(({ options }) => options));
    const general = ['help', 'version'];
    expect(
      Object.keys(OPTIONS).filter((name) => !general.includes(name) && !taken.has(name as never)),
    ).toEqual([]);
  });
});
