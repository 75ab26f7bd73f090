// The walls of the house, as rules for dependency-cruiser: `npm run lint` holds them, test/walls.test.ts plants what each of them must catch.

/** The corridor: data flows from left to right, and a room imports only from itself and from rooms before it. */
const CORRIDOR = [
  'mesh',
  'alerts',
  'capture',
  'timeline',
  'evidence',
  'checks',
  'diagnosis',
  'report',
  'store',
  'incidents',
  'webhooks',
  'fixes',
  'leases',
  'queue',
  'capabilities',
  'slack',
  'bot.ts',
  'sandbox',
]
/** Reads configuration and ends the process: it may import all rooms, none of them imports it. */
const PORCH = ['main.ts', 'launch.ts', 'cli.ts', 'cli', 'config.ts', 'config', 'log.ts', 'health.ts', 'version.ts']
/** Rooms that touch nothing: no file, no network, no clock of their own making. */
const PURE = ['mesh', 'alerts', 'capture', 'timeline', 'checks', 'slack/blocks']
/** Packages that only calculate. */
const CALCULATING = ['fastest-levenshtein', 're2js', 'yaml', 'zod', '@slack/types']

const quoted = (text) => text.replace(/[.+]/g, '\\$&')
/** A pattern for everything in rooms, or in files that are rooms of their own. */
const within = (rooms) =>
  rooms.length === 0
    ? '^$'
    : `^src/(?:${rooms.map((room) => quoted(room) + (room.endsWith('.ts') ? '$' : '/')).join('|')})`
const packages = (names) => `(?:^|/)node_modules/(?:${names.map(quoted).join('|')})/`

const corridor = CORRIDOR.slice(0, -1).map((room, index) => ({
  name: `${room}-imports-nothing-later`,
  comment: `A room imports only from rooms before it: move what both need to the earlier room, or hand it in where the rooms are joined (src/bot.ts).`,
  severity: 'error',
  from: { path: within([room]) },
  to: { path: within(CORRIDOR.slice(index + 1)) },
}))

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...corridor,
    {
      name: 'no-room-reaches-for-the-porch',
      comment: 'A room is handed what it needs: only the porch knows configuration, and only it ends the process.',
      severity: 'error',
      from: { path: within(CORRIDOR) },
      to: { path: within(PORCH) },
    },
    {
      name: 'every-file-has-its-room',
      comment: 'A new room has its place in the corridor here and in ARCHITECTURE.md.',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: within([...CORRIDOR, ...PORCH]) },
    },
    {
      name: 'no-circles',
      comment:
        'Files that import each other, types included, can only be read and moved together: the shared type goes to a file of its own.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'What neither the bot nor the command line leads to is not part of the product: use it, or remove it.',
      severity: 'error',
      from: { path: '^src/(?:main|launch|cli)\\.ts$' },
      // Retired codes are read by the test of the collection and by scripts/new-check.ts; the page's script runs in a browser.
      to: {
        path: '^src/',
        pathNot: '^src/(?:main\\.ts|launch\\.ts|cli\\.ts|checks/retired\\.ts|sandbox/slack/page/page\\.js)$',
        reachable: false,
      },
    },
    {
      name: 'src-is-whole',
      comment: 'The product is shipped without its tests and scripts.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(?:\\.\\./|test/|scripts/)', pathNot: '(?:^|/)node_modules/' },
    },
    {
      name: 'pure-rooms-touch-nothing',
      comment:
        'What is judged comes in as a value, so that a recording is judged as the mesh itself: no module of Node.',
      severity: 'error',
      from: { path: within(PURE) },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-rooms-only-calculate',
      comment: 'A package in a pure room is one that only calculates; such a one is added to the list.',
      severity: 'error',
      from: { path: within(PURE) },
      to: { path: '(?:^|/)node_modules/', pathNot: packages(CALCULATING) },
    },
    {
      name: 'only-clients-start-programs',
      comment:
        'Programs are started by the clients of the evidence alone: their arguments are a list, their recordings replay. The launcher starts this program anew.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(?:evidence/clients/|launch\\.ts$)' },
      to: { path: ['^(?:node:)?(?:child_process|cluster)$', packages(['execa', 'zx', 'cross-spawn', 'shelljs'])] },
    },
    {
      name: 'few-reach-the-api-server',
      comment:
        'The API server is reached by evidence/clients, which reads, and by fixes/writer.ts, which writes; who joins the rooms makes their connection.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: ['^src/evidence/clients/', '^src/fixes/writer\\.ts$', '^src/bot\\.ts$', within(PORCH)],
      },
      to: { path: packages(['@kubernetes']) },
    },
    {
      name: 'packages-are-declared',
      comment: 'What the product imports is among the dependencies that are installed with it.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'imports-lead-somewhere',
      comment: 'The file or package is not there.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: '(?:^|/)node_modules/' },
    // Imports of types count too: TypeScript is asked before it drops them.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
}
