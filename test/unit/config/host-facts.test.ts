import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inputFactsOf, readHostFacts } from '../../../src/config/host-facts.js';
import { makeTempDir } from '../../support/temp-dir.js';

const rootWith = (files: Readonly<Record<string, string>>): string => {
  const root = makeTempDir('host');
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
};

describe('what the host says of itself', () => {
  it('is read from /proc and /run', () => {
    const facts = readHostFacts(
      rootWith({
        'proc/self/limits': 'Max open files            1024                 unlimited            files\n',
        'proc/sys/net/core/somaxconn': '128\n',
        'proc/sys/net/ipv4/tcp_max_syn_backlog': '512\n',
        'proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
        'proc/sys/net/ipv4/tcp_migrate_req': '0\n',
        'proc/net/sockstat':
          'sockets: used 3\nTCP: inuse 7 orphan 0 tw 33 alloc 7 mem 0\nUDP: inuse 0 mem 0\n',
        'proc/sys/net/netfilter/nf_conntrack_count': '9\n',
        'proc/sys/net/netfilter/nf_conntrack_max': '10\n',
        'run/chrony/chronyd.pid': '1\n',
      }),
    );
    expect(facts).toMatchObject({
      fileLimit: { soft: 1024, hard: Infinity },
      maxBacklog: 128,
      maxSynBacklog: 512,
      localPorts: { first: 32_768, last: 60_999 },
      migratesRequests: false,
      timeWait: 33,
      tracked: { count: 9, max: 10 },
      clockKeeper: 'chrony',
    });
    expect(facts.installedMs).toBeGreaterThan(Date.UTC(2020));
  });

  it('is not guessed where the system does not tell', () => {
    const { installedMs, ...rest } = readHostFacts(rootWith({}));
    expect(new Set(Object.values(rest))).toEqual(new Set([undefined]));
    expect(installedMs).toBeGreaterThan(0);
  });
});

/** The first line of a PEM file: all that is looked at. */
const beginOf = (label: string): string => `-----BEGIN ${label}-----`;

describe('a file behind a configuration', () => {
  it.each([
    [
      'a private key that only its owner reads',
      beginOf('EC PRIVATE KEY'),
      0o600,
      { isKey: true, isOpen: false },
    ],
    ['a private key that everybody reads', beginOf('PRIVATE KEY'), 0o644, { isKey: true, isOpen: true }],
    ['a certificate', beginOf('CERTIFICATE'), 0o644, { isKey: false, isOpen: true }],
  ])('that is %s', (_what, text, mode, expected) => {
    const file = path.join(makeTempDir('input'), 'file.pem');
    writeFileSync(file, text, { mode });
    expect(inputFactsOf(file)).toEqual({ file, ...expected, problem: undefined });
  });

  it('that is gone says why', () => {
    expect(inputFactsOf('/no/such/file')).toMatchObject({ problem: 'does not exist', isKey: false });
  });
});
