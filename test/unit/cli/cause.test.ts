/** `torus cause`: a row of docs/causes.md in a terminal. */
import { explainCause } from '../../../src/cli/cause.js';
import { CAUSES } from '../../../src/errors/causes.js';

const run = (word?: string): { code: number; out: string; err: string } => {
  const lines: string[] = [];
  const problems: string[] = [];
  const code = explainCause(word, {
    line: (text) => lines.push(text),
    problem: (text) => problems.push(text),
  });
  return { code, out: lines.join('\n'), err: problems.join('\n') };
};

describe('torus cause', () => {
  it('lists every cause, one a line', () => {
    const { code, out } = run();
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(' ')[0])).toEqual(Object.keys(CAUSES));
  });

  it('says of a word what happened, what is answered and what to do', () => {
    const { code, out } = run('upstream.connect.refused');
    expect(code).toBe(0);
    expect(out).toContain('The upstream refused the connection.');
    expect(out).toContain('502, Proxy-Status error connection_refused');
    expect(out).toContain('is the service up');
  });

  it('explains every cause of a side and phase', () => {
    const { out } = run('upstream.tls');
    expect(out.split('\n').filter((line) => !line.startsWith(' ') && line !== '')).toEqual([
      'upstream.tls.failed',
      'upstream.tls.timeout',
    ]);
  });

  it('names pages as files, not as links', () => {
    expect(run('downstream.route.not-found').out).toContain('docs/routing.md');
  });

  it('does not know other words', () => {
    expect(run('upstream.tl')).toMatchObject({ code: 1, out: '' });
    expect(run('constructor')).toMatchObject({ code: 1 });
  });
});
