/** Owns `torus profile` and `torus heap`: a recording of one worker, written to a file. */
import { pipeline } from 'node:stream/promises';
import { openPrivateFile } from '../config/index.js';
import { messageOf } from '../errors/message-of.js';
import { AdminFailure } from './admin-failure.js';
import { openAdmin, readReply } from './admin-client.js';
import type { AdminTarget } from './admin-client.js';
import type { Output } from './output.js';

export interface RecordRequest extends AdminTarget {
  readonly route: '/cpu-profile' | '/heap-snapshot';
  readonly worker: string | undefined;
  readonly seconds: string | undefined;
  /** Undefined: as the instance names it, in the folder of the command. */
  readonly out: string | undefined;
}

/** Returns the exit code. */
export const record = async (request: RecordRequest, output: Output): Promise<number> => {
  const { route, worker, seconds, out, ...target } = request;
  const given = Object.entries({ worker, seconds }).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  const client = await openAdmin(target);
  const response = await client.open('POST', `${route}?${new URLSearchParams(given).toString()}`);
  if (response.statusCode !== 200) throw new AdminFailure((await readReply(response)).body.trim());
  const [, name = 'torus.recording'] =
    /filename="([\w.-]+)"/.exec(response.headers['content-disposition'] ?? '') ?? [];
  const file = out ?? name;
  await pipeline(response, openPrivateFile(file)).catch((error: unknown) => {
    throw new AdminFailure(`${file} cannot be written: ${messageOf(error)}`);
  });
  output.line(`${file}: open it in the DevTools of a Chromium browser (${PANEL[route]})`);
  return 0;
};

const PANEL = {
  '/cpu-profile': 'Performance, Load profile',
  '/heap-snapshot': 'Memory, Load profile; it holds secrets',
} as const;
