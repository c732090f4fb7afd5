import { UnseenHeads } from '../../../../src/proxy/listener/unseen-heads.js';

describe('UnseenHeads', () => {
  it('knows of none while every head that was begun is handed over', () => {
    const heads = new UnseenHeads();
    expect([heads.handedOver(1), heads.begun(1), heads.handedOver(3), heads.begun(3)]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(heads.isPending()).toBe(false);
    expect(heads.giveUp()).toBe(false);
  });
  it('takes one that is begun for pending, until it is handed over', () => {
    const heads = new UnseenHeads();
    expect(heads.begun(1)).toBe(false);
    expect(heads.isPending()).toBe(true);
    expect(heads.handedOver(1)).toBe(false);
    expect(heads.isPending()).toBe(false);
  });
  it('knows that one was refused when a later one is begun or handed over', () => {
    const heads = new UnseenHeads();
    heads.begun(1);
    expect(heads.begun(3)).toBe(true);
    expect(heads.handedOver(5)).toBe(true);
    expect(heads.isPending()).toBe(false);
  });
  it('gives one up once, and does not find it again', () => {
    const heads = new UnseenHeads();
    heads.begun(7);
    expect(heads.giveUp()).toBe(true);
    expect([heads.begun(7), heads.giveUp(), heads.isPending()]).toEqual([false, false, false]);
  });
});
