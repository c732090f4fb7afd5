/** Owns the overload ladder of a worker that is short of nothing, for tests of other things. */
import type { Overload } from '../../src/contracts/overload.js';

export const CALM: Overload = {
  noKeepAlive: false,
  shed: false,
  shedBy: 'fds',
  retryAfter: '1',
  freeDescriptors: Infinity,
  mayConnect: true,
};
