/** What the upstream is told about the client, in each style, and whom Torus believes. */
import { requestHead } from '../../support/index.js';
import { startMessagesFixture, type MessagesFixture } from './messages-fixture.js';

const TRUSTED = '127.0.0.1';
const STRANGER = '127.0.0.2';
const SPOOFED = [
  'X-Forwarded-For: 203.0.113.7, 198.51.100.2',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: spoof.test',
  'X-Forwarded-Port: 1',
  'X-Real-IP: 203.0.113.7',
  'Forwarded: for=203.0.113.7;proto=https',
  'X-Request-Id: chosen-by-peer',
];

/** Starts with this style, asks once from each peer, and hands back what the upstream saw. */
const ask = async (
  fixture: MessagesFixture,
  from: string,
  fields: readonly string[],
): Promise<(name: string) => readonly string[]> => {
  const client = await fixture.connect('plain', from);
  expect((await client.exchange(requestHead('GET /who', ...fields))).status).toBe(200);
  const request = await fixture.upstream.request('/who');
  return (name) => request.values(name);
};

describe('style x-forwarded, the default', () => {
  let fixture: MessagesFixture;
  beforeAll(async () => {
    fixture = await startMessagesFixture({ trustedProxies: ['127.0.0.1/32'] });
  });
  afterAll(() => fixture.stop());

  it('replaces what a stranger claims, and strips X-Real-IP, X-Forwarded-Port and Forwarded', async () => {
    const seen = await ask(fixture, STRANGER, SPOOFED);
    expect(seen('x-forwarded-for')).toEqual([STRANGER]);
    expect(seen('x-forwarded-proto')).toEqual(['http']);
    expect(seen('x-forwarded-host')).toEqual(['example.test']);
    for (const name of ['x-forwarded-port', 'x-real-ip', 'forwarded'])
      expect([name, seen(name)]).toEqual([name, []]);
  });

  it('keeps and extends what a trusted peer says, over several lines', async () => {
    const seen = await ask(fixture, TRUSTED, [...SPOOFED, 'x-forwarded-for: 192.0.2.1']);
    expect(seen('x-forwarded-for')).toEqual([`203.0.113.7, 198.51.100.2, 192.0.2.1, ${TRUSTED}`]);
    expect(seen('x-forwarded-proto')).toEqual(['https']);
    expect(seen('x-forwarded-host')).toEqual(['spoof.test']);
    expect(seen('x-real-ip')).toEqual([]);
  });

  it('tells a trusted peer that says nothing what it told a stranger', async () => {
    const seen = await ask(fixture, TRUSTED, []);
    expect([seen('x-forwarded-for'), seen('x-forwarded-proto'), seen('x-forwarded-host')]).toEqual([
      [TRUSTED],
      ['http'],
      ['example.test'],
    ]);
  });

  it('takes the request id of a trusted peer only, and only one that is a token', async () => {
    const trusted = await ask(fixture, TRUSTED, ['X-Request-Id: chosen-by-peer']);
    expect(trusted('x-request-id')).toEqual(['chosen-by-peer']);
    for (const [from, claim] of [
      [STRANGER, 'chosen-by-peer'],
      [TRUSTED, 'two words'],
      [TRUSTED, 'x'.repeat(129)],
    ] as const) {
      const seen = (await ask(fixture, from, [`X-Request-Id: ${claim}`]))('x-request-id');
      expect(seen).toHaveLength(1);
      expect(seen[0]).not.toBe(claim);
    }
  });

  it('makes a new id for each request and logs it', async () => {
    const ids = [await ask(fixture, STRANGER, []), await ask(fixture, STRANGER, [])].map(
      (seen) => seen('x-request-id')[0],
    );
    expect(new Set(ids).size).toBe(2);
    const line = await fixture.torus.waitForLog((at) => at.msg === 'access' && at['id'] === ids[1]);
    expect(line['client']).toBe(STRANGER);
  });

  it('counts the exchange for the client that trusted peers report', async () => {
    await ask(fixture, TRUSTED, ['X-Forwarded-For: 198.51.100.2, 203.0.113.9']);
    await fixture.torus.waitForLog((at) => at.msg === 'access' && at['client'] === '203.0.113.9');
  });

  it('says https on the TLS listener', async () => {
    const client = await fixture.connect('secure', STRANGER);
    await client.exchange(requestHead('GET /secure', 'X-Forwarded-Proto: http'));
    expect((await fixture.upstream.request('/secure')).values('x-forwarded-proto')).toEqual(['https']);
  });
});

describe('the other styles', () => {
  let fixture: MessagesFixture;
  const start = async (style: string, more: object = {}): Promise<void> => {
    fixture = await startMessagesFixture({ trustedProxies: ['127.0.0.1/32'], forwarded: { style, ...more } });
  };
  afterEach(() => fixture.stop());

  it('forwarded: one element for this hop, after those of a trusted peer, and no X-Forwarded-*', async () => {
    await start('forwarded');
    const stranger = await ask(fixture, STRANGER, SPOOFED);
    expect(stranger('forwarded')).toEqual([`for=${STRANGER};host=example.test;proto=http`]);
    const trusted = await ask(fixture, TRUSTED, [
      'Forwarded: for="[2001:db8::1]"',
      'forwarded: for=192.0.2.1',
    ]);
    expect(trusted('forwarded')).toEqual([
      `for="[2001:db8::1]", for=192.0.2.1, for=${TRUSTED};host=example.test;proto=http`,
    ]);
    for (const name of ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'])
      expect(stranger(name)).toEqual([]);
  });

  it('both: the two tell the same', async () => {
    await start('both');
    const seen = await ask(fixture, STRANGER, SPOOFED);
    expect([seen('x-forwarded-for'), seen('forwarded')]).toEqual([
      [STRANGER],
      [`for=${STRANGER};host=example.test;proto=http`],
    ]);
  });

  it('none: nothing is told, neither by Torus nor by a client', async () => {
    await start('none', { via: '' });
    const seen = await ask(fixture, STRANGER, SPOOFED);
    for (const name of [
      'x-forwarded-for',
      'x-forwarded-proto',
      'x-forwarded-host',
      'forwarded',
      'x-real-ip',
      'via',
    ])
      expect([name, seen(name)]).toEqual([name, []]);
  });

  it('puts the request id into the configured field alone, and replaces what a stranger wrote there', async () => {
    await start('x-forwarded', { requestId: 'X-Correlation' });
    const stranger = await ask(fixture, STRANGER, ['X-Correlation: spoofed', 'X-Request-Id: spoofed']);
    expect(stranger('x-correlation')).toHaveLength(1);
    expect(stranger('x-correlation')).not.toContain('spoofed');
    expect(stranger('x-request-id')).toEqual([]);
    expect((await ask(fixture, TRUSTED, ['X-Correlation: mine']))('x-correlation')).toEqual(['mine']);
  });
});
