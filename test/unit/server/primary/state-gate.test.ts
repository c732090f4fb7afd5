import { decideOnExit } from '../../../../src/server/primary/state-gate.js';

describe('decideOnExit', () => {
  it('replaces a worker that crashes while the instance serves', () => {
    expect(
      decideOnExit({ shuttingDown: false, hadPlace: true, instanceWasReady: true, othersAlive: 0 }),
    ).toBe('replace');
  });
  it('gives up when a worker dies before any was ready', () => {
    expect(
      decideOnExit({ shuttingDown: false, hadPlace: true, instanceWasReady: false, othersAlive: 3 }),
    ).toBe('abort-boot');
  });
  it('lets those go whose place another one has, or still has', () => {
    const exit = { shuttingDown: false, hadPlace: false, instanceWasReady: true, othersAlive: 1 };
    expect(decideOnExit(exit)).toBe('let-go');
  });
  it('lets workers go during shutdown and finishes with the last', () => {
    expect(decideOnExit({ shuttingDown: true, hadPlace: true, instanceWasReady: true, othersAlive: 1 })).toBe(
      'let-go',
    );
    expect(decideOnExit({ shuttingDown: true, hadPlace: true, instanceWasReady: true, othersAlive: 0 })).toBe(
      'finish',
    );
  });
  it('finishes cleanly when shutdown comes before anything was ready', () => {
    expect(
      decideOnExit({ shuttingDown: true, hadPlace: true, instanceWasReady: false, othersAlive: 0 }),
    ).toBe('finish');
  });
});
