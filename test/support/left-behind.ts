/** Owns what must not outlive a test file, even one whose tests broke off: it is named here, and the environment ends it. */
import type { ChildProcess } from 'node:child_process';

// Tests run in a realm of their own, where `process` is a copy that never says `exit`. The environment finds them by this.
const KEY = Symbol.for('torus.test.left-behind');

interface Realm {
  [KEY]?: Set<() => void>;
}

/** Ends everything that the tests of that realm have left, the last first. */
export const endLeftBehind = (realm: object): void => {
  const ends = (realm as Realm)[KEY] ?? new Set();
  for (const end of [...ends].reverse()) end();
  ends.clear();
};

/** `end` is called when the file is over, unless what is returned was called before. */
export const endWithFile = (end: () => void): (() => void) => {
  const ends = ((globalThis as Realm)[KEY] ??= new Set());
  ends.add(end);
  return () => void ends.delete(end);
};

/** SIGKILL when the file is over and it still runs. */
export const killWithFile = <Child extends ChildProcess>(child: Child): Child => {
  const forget = endWithFile(() => child.kill('SIGKILL'));
  child.once('exit', forget);
  return child;
};
