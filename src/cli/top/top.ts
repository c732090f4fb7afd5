/** Owns `torus top`: what an instance does, on a terminal, anew each second; or one frame of it, for a file or a script. */
import { setTimeout as delay } from 'node:timers/promises';
import { readEnvironment } from '../../config/index.js';
import { openAdmin } from '../admin-client.js';
import type { AdminTarget } from '../admin-client.js';
import { AdminFailure } from '../admin-failure.js';
import type { Output } from '../output.js';
import { frameOf } from './frame.js';
import { paint } from './paint.js';
import { Screen } from './screen.js';
import { TopSource } from './source.js';

const POLL_MS = 1000;
/** Of one frame that is not shown on a terminal. */
const PRINTED = { columns: 160, rows: 60 };
const CTRL_C = '\u0003';

/** Returns the exit code. */
export const top = async (
  { once, ...target }: AdminTarget & { readonly once: boolean },
  output: Output,
): Promise<number> => {
  const source = new TopSource(await openAdmin(target));
  const isColoured = (readEnvironment(target.cwd)['NO_COLOR'] ?? '') === '' && process.stdout.isTTY;
  if (once) return printOnce(source, output, isColoured);
  if (!process.stdout.isTTY) throw new AdminFailure('this is no terminal: take one frame with --once');
  // What cannot be asked at all is said on the ordinary screen.
  await source.poll();
  return watch(source, isColoured);
};

const printOnce = async (source: TopSource, output: Output, isColoured: boolean): Promise<number> => {
  await source.poll();
  await delay(POLL_MS);
  const { columns } = process.stdout.isTTY ? process.stdout : PRINTED;
  const lines = frameOf(await source.poll(), { columns, rows: PRINTED.rows }, false);
  for (const text of lines) output.line(paint(text, isColoured).trimEnd());
  return 0;
};

const watch = async (source: TopSource, isColoured: boolean): Promise<number> => {
  const screen = new Screen(process.stdin, process.stdout);
  const ended = new AbortController();
  const whenEnded = new Promise<void>((resolve) => {
    ended.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  let exitCode = 0;
  const end = (code: number): void => {
    exitCode = code;
    ended.abort();
  };
  const draw = (): void => {
    const { view } = source;
    if (view !== undefined) screen.draw(frameOf(view, screen.size).map((text) => paint(text, isColoured)));
  };
  screen.open({
    onKey: (keys) => {
      if (keys.includes('q') || keys.includes(CTRL_C)) end(0);
      if (!keys.includes('s')) return;
      source.sortNext();
      draw();
    },
    onResize: draw,
    onEnd: end,
  });
  try {
    while (!ended.signal.aborted) {
      draw();
      await delay(POLL_MS, undefined, { signal: ended.signal }).catch(() => undefined);
      await Promise.race([source.poll(), whenEnded]);
    }
  } finally {
    screen.close();
  }
  return exitCode;
};
