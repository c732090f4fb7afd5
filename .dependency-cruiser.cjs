/** Import-direction rules. One rule per architectural promise; `comment` says what to do about a violation. */
const SHELVES = '^src/(contracts|errors|http|config|observability)/';
const only = (from, to) => ({ from: { path: from }, to: { path: '^src/', pathNot: to } });

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      comment:
        'Extract the shared type into contracts/ (whose files compile to nothing and may refer to each other).',
      from: { pathNot: '^src/contracts/' },
      to: { circular: true },
    },
    {
      name: 'contracts-see-contracts-only',
      severity: 'error',
      comment: 'contracts/ holds the shapes the parts agree on; it may import only contracts/.',
      ...only('^src/contracts/', ['^src/contracts/']),
    },
    {
      name: 'errors-and-http-are-leaves',
      severity: 'error',
      comment: 'errors/ and http/ are pure rules: they may import contracts/ and each other only.',
      ...only('^src/(errors|http)/', ['^src/(contracts|errors|http)/']),
    },
    {
      name: 'config-and-observability-stay-apart',
      severity: 'error',
      comment: 'Both are shelves everybody uses; neither may need the other. Pass the value in.',
      ...only('^src/(config|observability)/', ['^src/(contracts|errors|http)/', '^src/$1/']),
    },
    {
      name: 'codec-is-a-shelf',
      severity: 'error',
      comment: 'The codec turns bytes into messages and back; it knows no stage that uses it.',
      ...only('^src/proxy/codec/', [SHELVES, '^src/proxy/codec/']),
    },
    {
      name: 'stage-that-speaks-http-stays-in-stage',
      severity: 'error',
      comment: 'A stage meets its neighbours in contracts/; of proxy/ it may import the codec only.',
      ...only('^src/proxy/(listener|upstream|forwarder)/', [SHELVES, '^src/proxy/$1/', '^src/proxy/codec/']),
    },
    {
      name: 'router-stays-in-router',
      severity: 'error',
      comment: 'The router judges parsed heads; it needs no other stage and no codec.',
      ...only('^src/proxy/router/', [SHELVES, '^src/proxy/router/']),
    },
    {
      name: 'filter-stays-in-filter',
      severity: 'error',
      comment: 'Filters do not know each other. What two of them share belongs in http/ or contracts/.',
      ...only('^src/proxy/filters/([^/]+)/', [SHELVES, '^src/proxy/filters/$1/']),
    },
    {
      name: 'registry-sees-filters-only',
      severity: 'error',
      comment: 'proxy/filters/*.ts lists the filters and compiles them; it knows no stage.',
      ...only('^src/proxy/filters/[^/]+[.]ts$', [SHELVES, '^src/proxy/filters/']),
    },
    {
      name: 'proxy-core-sees-contracts-only',
      severity: 'error',
      comment:
        'The life of a request is written against contracts; server/worker/compose.ts wires the stages in.',
      ...only('^src/proxy/[^/]+[.]ts$', [SHELVES, '^src/proxy/[^/]+[.]ts$']),
    },
    {
      name: 'data-plane-never-imports-control-plane',
      severity: 'error',
      comment: 'What is below the server must run without it. Hand the value in from server/worker.',
      from: { path: '^src/(contracts|errors|http|config|observability|proxy)/' },
      to: { path: '^src/(server|cli)/|^src/index[.]ts$' },
    },
    {
      name: 'server-modules-stay-apart',
      severity: 'error',
      comment: 'lifecycle/, ipc/ and admin/ are parts that primary/ and worker/ put together.',
      ...only('^src/server/(lifecycle|ipc|admin)/', [
        SHELVES,
        '^src/server/$1/',
        '^src/server/(lifecycle|ipc)/',
      ]),
    },
    {
      name: 'one-composition-root',
      severity: 'error',
      comment: 'Only server/worker/compose.ts calls constructors across the data plane.',
      from: { path: '^src/', pathNot: ['^src/proxy/', '^src/server/worker/compose[.]ts$'] },
      to: { path: '^src/proxy/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'primary-never-reaches-the-data-plane',
      severity: 'error',
      comment:
        'The primary parses no client byte: nothing it loads, however indirectly, is in proxy/ or in server/worker/.',
      from: { path: '^src/server/(primary|admin)/' },
      to: { path: '^src/(proxy|server/worker)/', reachable: true },
    },
    {
      name: 'cli-never-reaches-the-data-plane',
      severity: 'error',
      comment: 'A CLI verb runs in the primary process, so the promise of the primary holds for it too.',
      from: { path: '^src/cli/' },
      to: { path: '^src/(proxy|server/worker)/', reachable: true },
    },
    {
      name: 'worker-reads-no-configuration',
      severity: 'error',
      comment:
        'A worker is given its snapshot. The grammar of the configuration would cost each 20 MB: import the one file of config/ that is needed.',
      from: { path: '^src/(proxy|observability|server/(worker|lifecycle))/' },
      to: { path: '^src/config/(index|load-config)[.]ts$', reachable: true },
    },
    {
      name: 'worker-never-imports-primary',
      severity: 'error',
      comment: 'They are different processes and meet in server/ipc/.',
      from: { path: '^src/server/worker/' },
      to: { path: '^src/(server/(primary|admin)|cli)/' },
    },
    {
      name: 'sockets-only-where-bytes-move',
      severity: 'error',
      // config/, http/ and ip-allow take address arithmetic (isIP, BlockList) and STATUS_CODES: ESLint admits those names only.
      comment:
        'Only the listener, upstream and forwarder open data sockets; admin, key sets, the exporter of spans and the dev echo upstream their own.',
      from: {
        path: '^src/',
        pathNot:
          '^src/(proxy/(listener|upstream|forwarder|codec|filters/ip-allow)|server/(admin|primary)|observability/tracing|cli|config|http)/',
      },
      to: { dependencyTypes: ['core'], path: '^(node:)?(net|tls|http|https|http2|dgram)$' },
    },
    {
      name: 'codec-owns-no-socket',
      severity: 'error',
      comment: 'The codec may name a socket type, never make or hold one: import type only.',
      from: { path: '^src/proxy/codec/' },
      to: {
        dependencyTypes: ['core'],
        path: '^(node:)?(net|tls|http|https|dgram)$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'cluster-only-in-server',
      severity: 'error',
      comment: 'Processes are the business of src/server and of the entry.',
      from: { path: '^src/', pathNot: '^src/(index[.]ts|server/)' },
      to: { dependencyTypes: ['core'], path: '^(node:)?(cluster|child_process|worker_threads)$' },
    },
    {
      name: 'fs-only-in-config',
      severity: 'error',
      comment: 'Only config/ touches files, so that every input of a snapshot is known and located.',
      from: { path: '^src/', pathNot: '^src/config/' },
      to: { dependencyTypes: ['core'], path: '^(node:)?fs(/promises)?$' },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'Nobody imports this file: wire it or delete it.',
      from: { orphan: true, path: '^src/', pathNot: ['^src/index[.]ts$', '[.]d[.]ts$'] },
      to: {},
    },
    {
      name: 'no-dev-dependency-in-src',
      severity: 'error',
      comment: 'The production image has no devDependencies: move the package to dependencies.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'src-never-imports-test',
      severity: 'error',
      comment: 'Tests are not shipped.',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      comment: 'The import points at nothing.',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  required: [
    {
      name: 'every-filter-implements-the-contract',
      severity: 'error',
      comment: 'The index of a filter folder starts from contracts/filter.ts.',
      module: { path: '^src/proxy/filters/[^/]+/index[.]ts$' },
      to: { path: '^src/contracts/filter[.]ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js'],
    },
    detectJSDocImports: false,
  },
};
