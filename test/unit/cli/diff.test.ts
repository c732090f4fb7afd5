/** What `torus diff` prints of two files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { diff } from '../../../src/cli/diff.js';

const BASE = {
  listeners: [{ name: 'web', address: '127.0.0.1:8080' }],
  upstreams: { app: { endpoints: ['http://10.0.0.1:9000'] } },
  routes: [{ name: 'users', match: { path: '/users/*' }, upstream: 'app', timeouts: { request: '30s' } }],
};

describe('torus diff of two files', () => {
  let cwd: string;

  beforeEach(() => {
    cwd = mkdtempSync(path.join(tmpdir(), 'torus-diff-'));
  });

  afterEach(() => rmSync(cwd, { recursive: true, force: true }));

  const printed = async (next: object): Promise<{ readonly code: number; readonly lines: string[] }> => {
    const lines: string[] = [];
    const output = {
      line: (text: string) => void lines.push(text),
      problem: (text: string) => void lines.push(text),
    };
    for (const [name, content] of [
      ['old', BASE],
      ['new', next],
    ] as const)
      writeFileSync(path.join(cwd, `${name}.yaml`), JSON.stringify(content));
    const code = await diff({ words: ['old.yaml', 'new.yaml'], json: false, cwd } as never, output);
    return { code, lines };
  };

  it('shows what came and what went in a line for each member, whole', async () => {
    const route = { name: 'new', match: { path: `/${'long-'.repeat(30)}` }, upstream: 'app' };
    const { code, lines } = await printed({ ...BASE, routes: [route] });
    expect(code).toBe(1);
    expect(lines).toEqual([
      '- routes[users]:',
      '-   match.path: /users/*',
      '-   upstream: app',
      '-   timeouts.request: 30s',
      expect.stringMatching(/^- {3}timeouts\.responseHead: /),
      expect.stringMatching(/^- {3}timeouts\.grpcResponseHead: /),
      expect.stringMatching(/^- {3}timeouts\.idle: /),
      '-   overload: normal',
      '-   upgrades: ["websocket"]',
      '-   websocket.closeOnDrain: false',
      '-   hostHeader: preserve',
      '+ routes[new]:',
      `+   match.path: /${'long-'.repeat(30)}`,
      '+   upstream: app',
      '+   overload: normal',
      '+   upgrades: ["websocket"]',
      '+   websocket.closeOnDrain: false',
      '+   hostHeader: preserve',
    ]);
  });

  it('shows what changed in one line', async () => {
    const routes = [{ ...BASE.routes[0], timeouts: { request: '5s' } }];
    expect(await printed({ ...BASE, routes })).toEqual({
      code: 1,
      lines: ['~ routes[users].timeouts.request: 30s -> 5s'],
    });
  });
});
