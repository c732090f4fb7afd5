import fc from 'fast-check';
import { RunningExchanges } from '../../../src/proxy/running-exchanges.js';

const newMember = (id: number) => ({ id, place: -1 });

describe('RunningExchanges', () => {
  it('holds what was added and not deleted, in whatever order they leave', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 60 }), (ids) => {
        const running = new RunningExchanges<ReturnType<typeof newMember>>();
        const model = new Map<number, ReturnType<typeof newMember>>();
        for (const id of ids) {
          const member = model.get(id) ?? newMember(id);
          if (model.delete(id)) running.delete(member);
          else {
            running.add(member);
            model.set(id, member);
          }
        }
        expect(new Set(running)).toEqual(new Set(model.values()));
        expect(running.size).toBe(model.size);
      }),
    );
  });

  it('lets members leave while they are visited', () => {
    const running = new RunningExchanges<ReturnType<typeof newMember>>();
    for (let id = 0; id < 5; id += 1) running.add(newMember(id));
    const visited: number[] = [];
    for (const member of running) {
      visited.push(member.id);
      running.delete(member);
    }
    expect(visited).toEqual([0, 1, 2, 3, 4]);
    expect(running.size).toBe(0);
  });
});
