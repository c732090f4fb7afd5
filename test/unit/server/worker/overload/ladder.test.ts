import { ResourceLadder } from '../../../../../src/server/worker/overload/ladder.js';

const thresholds = { shortenIdle: 0.85, noKeepAlive: 0.92, shed: 0.95 };
const rules = { thresholds, hysteresis: 0.05, holdMs: 1000 };

const said = (ladder: ResourceLadder, pressure: number, nowMs: number): string[] =>
  ladder.update(pressure, nowMs).map(({ step, entered }) => `${entered ? '+' : '-'}${step}`);

describe('the ladder of one resource', () => {
  it('enters each step at its threshold, the mildest first, and says so once', () => {
    const ladder = new ResourceLadder(rules);
    expect(said(ladder, 0.849, 0)).toEqual([]);
    expect(said(ladder, 0.85, 0)).toEqual(['+shorten-idle']);
    expect(said(ladder, 0.93, 0)).toEqual(['+no-keep-alive']);
    expect(said(ladder, 0.93, 0)).toEqual([]);
    expect(said(ladder, 1, 0)).toEqual(['+shed']);
    expect(ladder.level).toBe(3);
  });

  it('enters all of them at once when the pressure jumps', () => {
    const ladder = new ResourceLadder(rules);
    expect(said(ladder, 1, 0)).toEqual(['+shorten-idle', '+no-keep-alive', '+shed']);
  });

  it('leaves a step only some way below its threshold, the hardest first', () => {
    const ladder = new ResourceLadder(rules);
    ladder.update(1, 0);
    expect(said(ladder, 0.91, 5000)).toEqual([]);
    expect(said(ladder, 0.899, 5000)).toEqual(['-shed']);
    expect(ladder.has('no-keep-alive')).toBe(true);
    expect(said(ladder, 0.1, 5000)).toEqual(['-no-keep-alive', '-shorten-idle']);
    expect(ladder.level).toBe(0);
  });

  it('holds a step for its shortest time, whatever the pressure', () => {
    const ladder = new ResourceLadder(rules);
    ladder.update(0.96, 100);
    expect(said(ladder, 0, 1099)).toEqual([]);
    expect(said(ladder, 0, 1100)).toEqual(['-shed', '-no-keep-alive', '-shorten-idle']);
  });

  it('never takes a step that is off, and leaves at once one that was turned off', () => {
    const ladder = new ResourceLadder({ ...rules, thresholds: { ...thresholds, noKeepAlive: undefined } });
    expect(said(ladder, 1, 0)).toEqual(['+shorten-idle', '+shed']);
    ladder.configure({ ...rules, thresholds: { ...thresholds, shed: undefined } });
    expect(said(ladder, 1, 1)).toEqual(['+no-keep-alive', '-shed']);
    expect(ladder.level).toBe(2);
  });

  it('knows the lowest pressure at which anything happens', () => {
    expect(new ResourceLadder(rules).firstThreshold).toBe(0.85);
    const off = { shortenIdle: undefined, noKeepAlive: undefined, shed: undefined };
    expect(new ResourceLadder({ ...rules, thresholds: off }).firstThreshold).toBe(Infinity);
  });
});
