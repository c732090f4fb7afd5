import { AccessLog } from '../../../../src/observability/access-log/access-log.js';
import { endedExchange } from './ended-exchange.js';

const open = (sample: number, random: () => number) => {
  const written: string[] = [];
  const sink = {
    write: (line: string) => void written.push(line),
    flush: () => Promise.resolve(),
    close: () => undefined,
    dropped: 0,
  };
  const lines = { completed: () => 'completed', rejected: () => 'rejected' };
  return { written, log: new AccessLog({ sink, lines, sample, now: () => 5, random }) };
};

const REJECTED = { id: 'a', listener: 'l', status: 400, cause: 'c', detail: 'd', client: '10.0.0.2' };

describe('a sample of the access log', () => {
  it('holds its share of what ended well', () => {
    const draws = [0.09, 0.1, 0.9];
    const { written, log } = open(0.1, () => draws.shift() ?? 1);
    for (let each = 0; each < 3; each += 1) log.completed(endedExchange());
    expect(written).toHaveLength(1);
  });

  it('holds all that failed or was refused', () => {
    const { written, log } = open(0, () => 0);
    log.completed(endedExchange());
    log.completed(endedExchange({ status: 502 }));
    log.completed(endedExchange({ cause: 'downstream.response.aborted' }));
    log.rejected(REJECTED);
    expect(written).toEqual(['completed', 'completed', 'rejected']);
  });

  it('draws no lot where everything is written', () => {
    const { written, log } = open(1, () => {
      throw new Error('drawn');
    });
    log.completed(endedExchange());
    expect(written).toHaveLength(1);
  });
});
