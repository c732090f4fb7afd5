import { renderTable } from '../../../src/cli/table.js';

describe('a table for the terminal', () => {
  it('aligns its columns: words to the left, numbers to the right, nothing behind the last', () => {
    const columns = [{ title: 'NAME' }, { title: 'N', right: true }, { title: 'WHY' }];
    expect(
      renderTable(columns, [
        ['users', 5, ''],
        ['x', 1234, 'because'],
      ]),
    ).toEqual(['NAME      N  WHY', 'users     5', 'x      1234  because']);
  });

  it('cuts what is too long, visibly', () => {
    expect(renderTable([{ title: 'A', max: 4 }], [['abcdefg'], ['abcd']])).toEqual(['A', 'abc…', 'abcd']);
  });
});
