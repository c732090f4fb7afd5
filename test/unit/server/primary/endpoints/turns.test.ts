import { Turns } from '../../../../../src/server/primary/endpoints/turns.js';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('Turns', () => {
  it('runs no more jobs at once than allowed, the others in their order, and none that left the line', async () => {
    const turns = new Turns(2);
    const ran: string[] = [];
    const ends: (() => void)[] = [];
    const take = (name: string) =>
      turns.take(() => {
        ran.push(name);
        return new Promise<void>((resolve) => ends.push(resolve));
      });
    const leave = ['a', 'b', 'c', 'd'].map(take);
    expect(ran).toEqual(['a', 'b']);
    leave[2]!();
    ends[0]!();
    await settle();
    expect(ran).toEqual(['a', 'b', 'd']);
  });
});
