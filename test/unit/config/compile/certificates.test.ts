import { errorsOf, snapshotOf, warningsOf, Workspace } from '../configuration-fixture.js';

const TEXT = `listeners:
  - name: edge
    address: ":0"
    tls:
      certificates:
        - { cert: certs/cert.pem, key: certs/key.pem }
routes: [{ name: r, match: { path: /* }, filters: [{ redirect: { location: / } }] }]
`;

describe('certificates of listeners', () => {
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = new Workspace();
    await workspace.writeCertificate();
  });
  afterEach(() => workspace.dispose());

  it('are read, relative to the configuration file', async () => {
    workspace.write('nested/torus.yaml', TEXT);
    await workspace.writeCertificate('nested/certs');
    const snapshot = snapshotOf(await workspace.load({ file: 'nested/torus.yaml' }));
    expect(snapshot.listeners[0]?.tls?.certificates[0]).toMatchObject({
      certFile: `${workspace.cwd}/nested/certs/cert.pem`,
      certPem: expect.stringContaining('BEGIN CERTIFICATE'),
      keyPem: expect.stringContaining('PRIVATE KEY'),
    });
  });

  it('must exist', async () => {
    expect(errorsOf(await workspace.yaml(TEXT.replace('certs/key.pem', 'certs/none.pem')))).toEqual([
      'torus.yaml:6: listeners[0].tls.certificates[0].key: key file certs/none.pem does not exist',
    ]);
  });

  it('must be PEM', async () => {
    workspace.write('certs/cert.pem', 'not a certificate');
    const label = 'PRIVATE KEY';
    workspace.write('certs/key.pem', `-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`);
    expect(errorsOf(await workspace.yaml(TEXT))).toEqual([
      expect.stringContaining('certificate file certs/cert.pem holds no certificate'),
      expect.stringContaining('key file certs/key.pem holds no private key'),
    ]);
  });

  it('must belong to their key', async () => {
    await workspace.writeCertificate('other');
    expect(errorsOf(await workspace.yaml(TEXT.replace('certs/key.pem', 'other/key.pem')))).toEqual([
      expect.stringContaining('key file other/key.pem does not belong to certificate file certs/cert.pem'),
    ]);
  });

  it('only warn when they have expired', async () => {
    await workspace.writeCertificate('certs', -1);
    const result = await workspace.yaml(TEXT);
    expect(errorsOf(result)).toEqual([]);
    expect(warningsOf(result)).toEqual([
      expect.stringContaining('certificate file certs/cert.pem expired on'),
    ]);
  });
});
