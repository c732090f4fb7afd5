/** Owns `torus profile` and `torus heap`: a recording of one worker, written to a file. */
import type { IncomingMessage } from 'node:http';
import { AdminFailure } from './admin-failure.js';
import { openAdmin, readReply } from './admin-client.js';
import type { AdminTarget } from './admin-client.js';
import type { Output } from './output.js';
import { RecordingFile } from './recording-file.js';

export interface RecordRequest extends AdminTarget {
  readonly route: '/cpu-profile' | '/heap-snapshot';
  readonly worker: string | undefined;
  readonly seconds: string | undefined;
  /** Undefined: as the instance names it, in the folder of the command. */
  readonly out: string | undefined;
}

/** Returns the exit code. */
export const record = async (request: RecordRequest, output: Output): Promise<number> => {
  const { route, out } = request;
  // Opened first: a recording takes the time of a worker that serves, and is lost without a place for it.
  const early = out === undefined ? undefined : await RecordingFile.create(out);
  const file = await recordInto(request, early).catch((error: unknown) => {
    early?.discard();
    throw error;
  });
  output.line(`${file}: open it in the DevTools of a Chromium browser (${PANEL[route]})`);
  return 0;
};

/** The name of the file. Without one that is open, it is named by the instance. */
const recordInto = async (request: RecordRequest, early: RecordingFile | undefined): Promise<string> => {
  const response = await ask(request);
  if (response.statusCode !== 200) throw new AdminFailure((await readReply(response)).body.trim());
  const file = early ?? (await RecordingFile.create(nameOf(response)));
  await file.fill(response);
  return file.name;
};

const ask = async ({ route, worker, seconds, ...target }: RecordRequest): Promise<IncomingMessage> => {
  const given = Object.entries({ worker, seconds }).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  const client = await openAdmin(target);
  return client.open('POST', `${route}?${new URLSearchParams(given).toString()}`);
};

const nameOf = ({ headers }: IncomingMessage): string =>
  /filename="([\w.-]+)"/.exec(headers['content-disposition'] ?? '')?.[1] ?? 'torus.recording';

const PANEL = {
  '/cpu-profile': 'Performance, Load profile',
  '/heap-snapshot': 'Memory, Load profile; it holds secrets',
} as const;
