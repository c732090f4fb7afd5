import { parseEndpoints } from '../../../src/config/endpoint-file.js';

const problemsOf = (text: string): readonly string[] => {
  const result = parseEndpoints(text);
  return result.ok ? [] : result.problems;
};

describe('a file of endpoints', () => {
  it('holds a list, alone or under its key, in YAML or JSON', () => {
    const expected = [{ scheme: 'http', host: '10.0.0.1', port: 80, weight: 2 }];
    expect(parseEndpoints('- { url: "http://10.0.0.1", weight: 2 }')).toEqual({
      ok: true,
      endpoints: expected,
    });
    expect(parseEndpoints('{"endpoints":[{"url":"http://10.0.0.1","weight":2}]}')).toEqual({
      ok: true,
      endpoints: expected,
    });
    expect(parseEndpoints('[]')).toEqual({ ok: true, endpoints: [] });
  });

  it('is refused with the line and the nearest key', () => {
    expect(problemsOf('- http://10.0.0.1\n- { url: "http://10.0.0.2", wieght: 2 }')).toEqual([
      ':2: endpoints[1].wieght: unknown key (did you mean "weight"?)',
    ]);
    expect(problemsOf('endpoints:\n  - http://10.0.0.1/path\n')[0]).toMatch(
      /^:2: endpoints\[0\]: must end after/,
    );
    expect(problemsOf('- http://10.0.0.1\n- http://10.0.0.1:80\n')).toEqual([
      ': endpoints[1]: 10.0.0.1:80 is there twice',
    ]);
    expect(problemsOf('')).toEqual([': endpoints: must be a list']);
    expect(problemsOf('- {')[0]).toMatch(/^:1: /);
    expect(problemsOf('just text')).toEqual([':1: endpoints: must be a list']);
  });
});
