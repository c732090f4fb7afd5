/** The program is replaced on disk by another build while it serves: what serves goes on, and what is missing is told. */
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ENTRY, makeTempDir, startHttpUpstream, startTorus } from '../../support/index.js';
import { configFor } from '../health/health-fixture.js';

it('refuses a reload that needs a part which is gone, and serves on', async () => {
  const home = makeTempDir('installation');
  cpSync(path.dirname(ENTRY), path.join(home, 'dist'), { recursive: true });
  cpSync(path.resolve(ENTRY, '../../package.json'), path.join(home, 'package.json'));
  await using upstream = await startHttpUpstream((_request, response) => void response.end('ok'));
  const config = (more: object): string =>
    JSON.stringify(configFor({ endpoints: [upstream.url] }, { workers: 2, ...more }));
  const file = path.join(home, 'torus.json');
  writeFileSync(file, config({}));
  await using torus = await startTorus({ entry: path.join(home, 'dist/index.js'), cwd: home });
  const before = torus.workers();
  const chunks = path.join(home, 'dist/chunks');
  for (const name of readdirSync(chunks)) rmSync(path.join(chunks, name));

  writeFileSync(file, config({ tracing: { endpoint: 'http://127.0.0.1:9' } }));
  torus.signal('SIGHUP');
  expect(await torus.waitForLog(/cannot serve the new configuration/)).toMatchObject({
    reason: expect.stringMatching(/^Cannot find module /) as string,
  });
  expect(await (await fetch(torus.url())).text()).toBe('ok');
  expect(torus.workers()).toEqual(before);
});
