import { EventEmitter } from 'node:events';
import { watchSignals } from '../../../../src/server/primary/signals.js';

const arrange = (canReload: boolean) => {
  const source = new EventEmitter();
  const heard: string[] = [];
  const unwatch = watchSignals(source, {
    onStop: (reason) => heard.push(reason),
    ...(canReload ? { onReload: () => void heard.push('reload') } : {}),
  });
  return { source, heard, unwatch };
};

describe('watchSignals', () => {
  it('takes SIGTERM, SIGINT and TEST_SHUTDOWN for requests to stop', () => {
    const { source, heard } = arrange(true);
    source.emit('SIGTERM');
    source.emit('SIGINT');
    source.emit('message', { type: 'TEST_SHUTDOWN' });
    source.emit('message', { type: 'other' });
    source.emit('message', null);
    expect(heard).toEqual(['SIGTERM', 'SIGINT', 'TEST_SHUTDOWN']);
  });
  it('takes SIGHUP for a request to reload where that is possible, else to stop', () => {
    const reloading = arrange(true);
    reloading.source.emit('SIGHUP');
    expect(reloading.heard).toEqual(['reload']);
    const other = arrange(false);
    other.source.emit('SIGHUP');
    expect(other.heard).toEqual(['SIGHUP']);
  });
  it('leaves no listener behind', () => {
    const { source, unwatch } = arrange(true);
    unwatch();
    expect(source.eventNames()).toEqual([]);
  });
});
