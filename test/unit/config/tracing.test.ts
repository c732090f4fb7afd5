import { redactSnapshot } from '../../../src/config/index.js';
import { errorsOf, snapshotOf, warningsOf, withRoute, Workspace } from './configuration-fixture.js';

const workspace = new Workspace();
afterAll(() => workspace.dispose());

const load = (lines: string, env: NodeJS.ProcessEnv = {}) =>
  workspace.yaml(`${withRoute('match: { path: /* }')}${lines}\n`, env);

const tracingOf = async (lines: string, env: NodeJS.ProcessEnv = {}) =>
  snapshotOf(await load(lines, env)).tracing;

describe('tracing', () => {
  it.each(['', 'tracing: false', 'tracing: "false"'])('is off (%j)', async (lines) => {
    expect(await tracingOf(lines)).toBeUndefined();
  });

  it.each(['tracing: true', 'tracing: {}'])('has its defaults (%s)', async (lines) => {
    expect(await tracingOf(lines)).toEqual({
      endpoint: 'http://localhost:4318/v1/traces',
      headers: {},
      sampling: 1,
      tracesPerSecond: 100,
      clientContext: 'continue',
      serviceName: 'torus',
      attributes: {},
      timeoutMs: 10_000,
      intervalMs: 5_000,
      batchSize: 512,
      queueSize: 2048,
    });
  });

  it.each([
    ['http://collector:4318', 'http://collector:4318/v1/traces'],
    ['http://collector:4318/', 'http://collector:4318/v1/traces'],
    ['https://tempo.example/otlp/v1/traces?x=1', 'https://tempo.example/otlp/v1/traces?x=1'],
  ])('posts to %s as %s', async (given, endpoint) => {
    expect((await tracingOf(`tracing: { endpoint: "${given}" }`))?.endpoint).toBe(endpoint);
  });

  it.each([
    ['10%', 0.1],
    ['0.1', 0.1],
    ['25', 0.25],
    ['1', 1],
    ['0', 0],
  ])('samples %s as %d', async (given, sampling) => {
    expect((await tracingOf(`tracing: { sampling: ${given} }`))?.sampling).toBe(sampling);
  });

  it.each([
    ['tracing: { endpoint: "collector:4318" }', /tracing\.endpoint: must be a URL such as/],
    [
      'tracing: { endpoint: "http://user:pass@collector:4318" }',
      /tracing\.endpoint: must be a URL such as .* without a password/,
    ],
    ['tracing: { sampling: 101% }', /tracing\.sampling: must be a percentage/],
    ['tracing: { clientContext: ignore }', /tracing\.clientContext: must be one of continue, trust/],
    [
      'tracing: { headers: { content-type: text/plain } }',
      /tracing\.headers.*must not be a header that Torus sets itself/,
    ],
    ['tracing: { headers: { "a b": c } }', /tracing\.headers/],
    ['tracing: { batchSize: 10, queueSize: 5 }', /tracing\.batchSize: must not be more than queueSize/],
    ['tracing: { sample: 10% }', /tracing\.sample: .*sampling/],
    ['tracing: yes please', /tracing: must be true, false, or an object/],
    ['metrics: { exemplars: true }', /metrics\.exemplars: names traces, and needs `tracing`/],
  ])('refuses %s', async (lines, message) => {
    expect(errorsOf(await load(lines))).toEqual([expect.stringMatching(message)]);
  });

  it('keeps the values of headers out of what is printed, and of messages', async () => {
    const snapshot = snapshotOf(await load('tracing: { headers: { X-Team: hush-hush-value } }'));
    expect(snapshot.tracing?.headers).toEqual({ 'x-team': 'hush-hush-value' });
    const printed = JSON.stringify(redactSnapshot(snapshot));
    expect(printed).toContain('"x-team":"[redacted]"');
    expect(printed).not.toContain('hush-hush');
    const broken = await load(
      'tracing: { headers: { x-team: hush-hush-value }, serviceName: "", endpoint: hush-hush-value }',
    );
    expect(errorsOf(broken).join()).not.toContain('hush-hush');
  });
});

describe('the variables of OpenTelemetry', () => {
  const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

  it('turn tracing on where they name a collector, and only then', async () => {
    expect((await tracingOf('', ENDPOINT))?.endpoint).toBe('http://collector:4318/v1/traces');
    const exact = { ...ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://other:9/custom' };
    expect((await tracingOf('', exact))?.endpoint).toBe('http://other:9/custom');
    expect(
      await tracingOf('', { OTEL_SERVICE_NAME: 'edge', OTEL_TRACES_SAMPLER: 'always_on' }),
    ).toBeUndefined();
  });

  it.each([
    ['tracing: false', ENDPOINT],
    ['', { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }],
    ['', { ...ENDPOINT, OTEL_SDK_DISABLED: 'true' }],
    ['tracing: true', { ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' }],
    ['tracing: { endpoint: "http://x" }', { OTEL_SDK_DISABLED: 'true' }],
  ])('leave it off (%s, %j)', async (lines, env) => {
    expect(await tracingOf(lines, env)).toBeUndefined();
  });

  it('do not turn it on for a collector that speaks gRPC, and say so', async () => {
    const result = await load('', { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
    expect(snapshotOf(result).tracing).toBeUndefined();
    expect(warningsOf(result)).toEqual([
      expect.stringMatching(/^OTEL_EXPORTER_OTLP_ENDPOINT: is not used: .*gRPC/),
    ]);
  });

  it('fill in what the file leaves open', async () => {
    const env = {
      ...ENDPOINT,
      OTEL_SERVICE_NAME: 'from-env',
      OTEL_EXPORTER_OTLP_HEADERS: 'X-A=1,x-b=two%20words, ,bad',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=not-this,deployment.environment.name=prod',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
      OTEL_EXPORTER_OTLP_TIMEOUT: '2500',
    };
    expect(await tracingOf('tracing: true', env)).toMatchObject({
      endpoint: 'http://collector:4318/v1/traces',
      serviceName: 'from-env',
      headers: { 'x-a': '1', 'x-b': 'two words' },
      attributes: { 'deployment.environment.name': 'prod' },
      sampling: 0.25,
      timeoutMs: 2500,
    });
    const written = 'tracing: { serviceName: written, sampling: 50%, endpoint: "http://mine:1" }';
    expect(await tracingOf(written, env)).toMatchObject({
      endpoint: 'http://mine:1/v1/traces',
      serviceName: 'written',
      sampling: 0.5,
      headers: { 'x-a': '1' },
    });
  });

  it('take the name of the service from the attributes where nothing else says it', async () => {
    const env = { ...ENDPOINT, OTEL_RESOURCE_ATTRIBUTES: 'service.name=shop' };
    expect(await tracingOf('', env)).toMatchObject({ serviceName: 'shop', attributes: {} });
  });

  it.each([
    ['always_on', 1],
    ['parentbased_always_off', 0],
  ])('sample as %s says', async (sampler, sampling) => {
    expect((await tracingOf('', { ...ENDPOINT, OTEL_TRACES_SAMPLER: sampler }))?.sampling).toBe(sampling);
  });

  it('are named where they are wrong', async () => {
    const env = { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: 'often' };
    expect(errorsOf(await load('', env))).toEqual([
      expect.stringMatching(/^OTEL_TRACES_SAMPLER_ARG: must be a percentage/),
    ]);
  });
});
