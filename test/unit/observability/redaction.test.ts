import { createLogger } from '../../../src/observability/logger.js';

const logged = (write: (log: ReturnType<typeof createLogger>) => void) => {
  const lines: string[] = [];
  write(
    createLogger({
      level: 'info',
      pretty: false,
      role: 'worker',
      destination: { write: (line) => void lines.push(line) },
    }),
  );
  return lines.join('');
};

describe('redaction', () => {
  it.each([
    'authorization',
    'Authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'secret',
    'token',
    'keyPem',
    'JWT_SECRET',
    'password',
    'ticketKeys',
    'x-vault-token',
    'privateKey',
  ])('takes out %s at any depth', (name) => {
    const line = logged((log) => log.info({ [name]: 'hunter2', a: { b: [{ [name]: 'hunter2' }] } }, 'x'));
    expect(line).not.toContain('hunter2');
    expect(line).toContain('[redacted]');
  });
  it('leaves out what libraries hang on their errors, and keeps code and cause', () => {
    const error = Object.assign(new Error('outer', { cause: new Error('inner') }), {
      code: 'E1',
      config: { token: 'hunter2' },
    });
    const line = logged((log) => log.error({ err: error }, 'x'));
    expect(line).not.toContain('hunter2');
    expect(line).toContain('"code":"E1"');
    expect(line).toContain('inner');
  });
  it('survives a structure that contains itself', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    expect(logged((log) => log.info(loop, 'x'))).toContain('[deep]');
  });
});

describe('what a terminal would act upon', () => {
  it('is escaped', () => {
    const line = logged((log) => log.info({ reason: 'a\u009b31mé' }, 'x\u007fy'));
    expect(line).toContain('"reason":"a\\u009b31mé"');
    expect(JSON.parse(line)).toMatchObject({ reason: 'a\u009b31mé', msg: 'x\u007fy' });
    expect(line).toContain('"x\\u007fy"');
  });
});
