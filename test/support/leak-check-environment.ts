/** A Jest environment that fails a test file which leaves a socket, server, child process or timer open. */
import { setTimeout as delay } from 'node:timers/promises';
import { TestEnvironment } from 'jest-environment-node';
// Jest loads the environment itself, by another way than the tests: it must name the file as it is.
import { endLeftBehind } from './left-behind.ts';

const WATCHED = new Set(['TCPSocketWrap', 'TCPServerWrap', 'TLSWrap', 'ProcessWrap', 'UDPWrap', 'Timeout']);
const GRACE_MS = 3_000;
const STEP_MS = 20;

const countWatched = (): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (WATCHED.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
};

/** The part of Jest's events that matters here. */
interface TestEvent {
  readonly name: string;
  readonly test?: { readonly errors: readonly unknown[] };
}

export default class LeakCheckEnvironment extends TestEnvironment {
  private before = new Map<string, number>();
  private hasFailedTest = false;

  override async setup(): Promise<void> {
    await super.setup();
    this.before = countWatched();
  }

  handleTestEvent(event: TestEvent): void {
    if (event.name === 'test_done' && (event.test?.errors.length ?? 0) > 0) this.hasFailedTest = true;
  }

  override async teardown(): Promise<void> {
    endLeftBehind(this.global);
    await super.teardown();
    for (let waitedMs = 0; this.leaks().length > 0 && waitedMs < GRACE_MS; waitedMs += STEP_MS)
      await delay(STEP_MS);
    const leaks = this.leaks();
    // A test that broke off leaves things open; the report must be its own failure, which a throw here would hide.
    if (leaks.length > 0 && !this.hasFailedTest)
      throw new Error(`left open after the last test: ${leaks.join(', ')}`);
  }

  private leaks(): string[] {
    return [...countWatched()].flatMap(([kind, count]) => {
      const more = count - (this.before.get(kind) ?? 0);
      return more > 0 ? [`${String(more)} ${kind}`] : [];
    });
  }
}
