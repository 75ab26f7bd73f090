import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const TOP = join(import.meta.dirname, '..')
const CRUISER = join(TOP, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruiser.mjs')
const CONFIGURATION = join(TOP, '.dependency-cruiser.js')

/** Packages as they lie in node_modules; those among `dependencies` are shipped. */
const PACKAGES = ['execa', '@kubernetes/client-node', 'pino', 'yaml', 'zod', 'vitest']
const DECLARED = {
  dependencies: { execa: '*', '@kubernetes/client-node': '*', pino: '*', yaml: '*', zod: '*' },
  devDependencies: { vitest: '*' },
}

/** A small house: files and their lines. */
const HOUSE: Readonly<Record<string, string>> = {
  'src/main.ts': "import './bot.ts'\nimport './config.ts'",
  'src/cli.ts': "import './sandbox/demo.ts'",
  'src/config.ts': 'export const config = 1',
  'src/bot.ts': "import './slack/app.ts'\nimport './alerts/alert.ts'\nimport '@kubernetes/client-node'",
  'src/mesh/host.ts': "import 'yaml'\nexport interface Host { name: string }",
  'src/alerts/alert.ts': "import '../mesh/host.ts'\nimport 'zod'",
  'src/evidence/clients/istioctl.ts': "import 'execa'\nimport 'node:fs'\nimport '@kubernetes/client-node'",
  'src/checks/check.ts': "import type { Host } from '../mesh/host.ts'\nexport type Subject = Host",
  'src/diagnosis/judge.ts': "import '../checks/check.ts'\nexport interface Judged { ill: boolean }",
  'src/report/text.ts': "import '../diagnosis/judge.ts'",
  'src/store/runs.ts': "import '../report/text.ts'",
  'src/fixes/writer.ts': "import '@kubernetes/client-node'\nimport '../evidence/clients/istioctl.ts'",
  'src/leases/raise.ts': "import '../fixes/writer.ts'\nimport '../store/runs.ts'",
  'src/queue/queue.ts': "import '../leases/raise.ts'",
  'src/capabilities/index.ts': "import '../queue/queue.ts'",
  'src/slack/app.ts': "import '../capabilities/index.ts'\nimport './blocks/verdict.ts'",
  'src/slack/blocks/verdict.ts': "import '../../diagnosis/judge.ts'",
  'src/sandbox/demo.ts': "import '../bot.ts'",
}

/** Lines that are added to files of the house, or to new ones, each with the rules that they break. */
const BREACHES: readonly { file: string; lines: string; breaks: readonly string[] }[] = [
  {
    file: 'src/mesh/host.ts',
    lines: "import type { Verdict } from '../diagnosis/verdict.ts'\nexport type Ill = Verdict",
    breaks: ['mesh-imports-nothing-later: src/mesh/host.ts → src/diagnosis/verdict.ts'],
  },
  {
    file: 'src/evidence/look.ts',
    lines: "import '../checks/check.ts'",
    breaks: [
      'evidence-imports-nothing-later: src/evidence/look.ts → src/checks/check.ts',
      'no-orphans: src/evidence/look.ts',
    ],
  },
  {
    file: 'src/slack/late.ts',
    lines: "export * from '../bot.ts'",
    breaks: ['slack-imports-nothing-later: src/slack/late.ts → src/bot.ts', 'no-orphans: src/slack/late.ts'],
  },
  {
    file: 'src/bot.ts',
    lines: "await import('./sandbox/page.ts')",
    breaks: ['bot.ts-imports-nothing-later: src/bot.ts → src/sandbox/page.ts'],
  },
  {
    file: 'src/queue/queue.ts',
    lines: "import { config } from '../config.ts'",
    breaks: ['no-room-reaches-for-the-porch: src/queue/queue.ts → src/config.ts'],
  },
  {
    file: 'src/main.ts',
    lines: "import './attic/box.ts'",
    breaks: ['every-file-has-its-room: src/main.ts → src/attic/box.ts'],
  },
  {
    file: 'src/report/text.ts',
    lines: "import type { Circle } from './circle.ts'",
    breaks: ['no-circles: src/report/circle.ts → src/report/text.ts'],
  },
  { file: 'src/store/unused.ts', lines: "import './runs.ts'", breaks: ['no-orphans: src/store/unused.ts'] },
  {
    file: 'src/store/runs.ts',
    lines: "const { replay } = await import('../../test/replay.ts')",
    breaks: ['src-is-whole: src/store/runs.ts → test/replay.ts'],
  },
  {
    file: 'src/checks/check.ts',
    lines: "import { now } from 'node:perf_hooks'",
    breaks: ['pure-rooms-touch-nothing: src/checks/check.ts → perf_hooks'],
  },
  {
    file: 'src/slack/blocks/verdict.ts',
    lines: "import 'fs'\nimport 'pino'",
    breaks: [
      'pure-rooms-touch-nothing: src/slack/blocks/verdict.ts → fs',
      'pure-rooms-only-calculate: src/slack/blocks/verdict.ts → node_modules/pino/index.js',
    ],
  },
  {
    file: 'src/capabilities/index.ts',
    lines: "import 'node:child_process'\nimport 'execa'",
    breaks: [
      'only-clients-start-programs: src/capabilities/index.ts → child_process',
      'only-clients-start-programs: src/capabilities/index.ts → node_modules/execa/index.js',
    ],
  },
  {
    file: 'src/leases/raise.ts',
    lines: "import type { V1Pod } from '@kubernetes/client-node'",
    breaks: ['few-reach-the-api-server: src/leases/raise.ts → node_modules/@kubernetes/client-node/index.js'],
  },
  {
    file: 'src/fixes/writer.ts',
    lines: "import 'vitest'",
    breaks: ['packages-are-declared: src/fixes/writer.ts → node_modules/vitest/index.js'],
  },
  {
    file: 'src/diagnosis/judge.ts',
    lines: "import './gone.ts'",
    breaks: ['imports-lead-somewhere: src/diagnosis/judge.ts → ./gone.ts'],
  },
]
/** What they import. */
const BESIDE: Readonly<Record<string, string>> = {
  'src/diagnosis/verdict.ts': 'export type Verdict = 1',
  'src/sandbox/page.ts': 'export const page = 1',
  'src/attic/box.ts': 'export {}',
  'src/report/circle.ts': "import type {} from './text.ts'\nexport type Circle = 1",
  'test/replay.ts': 'export const replay = 1',
}

const folders: string[] = []

/** What the rules say of a house made of these files. */
async function broken(files: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'walls-'))
  folders.push(folder)
  const all = {
    ...files,
    'package.json': JSON.stringify({ type: 'module', ...DECLARED }),
    ...Object.fromEntries(
      PACKAGES.flatMap((name) => [
        [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
        [`node_modules/${name}/index.js`, ''],
      ]),
    ),
  }
  for (const [name, content] of Object.entries(all)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [CRUISER, '--config', CONFIGURATION, '--output-type', 'json', 'src'],
    { cwd: folder, maxBuffer: 1e8 },
  )
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: { from: string; to: string; rule: { name: string } }[] }
  }
  return summary.violations
    .map(({ rule, from, to }) => (from === to ? `${rule.name}: ${from}` : `${rule.name}: ${from} → ${to}`))
    .toSorted()
}

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

describe('the rules for imports', () => {
  let found: string[] = []
  beforeAll(async () => {
    const ill: Record<string, string> = { ...HOUSE, ...BESIDE }
    for (const { file, lines } of BREACHES) ill[file] = `${ill[file] ?? ''}\n${lines}\n`
    found = await broken(ill)
  })

  it('have nothing against a house as it should be', async () => {
    expect(await broken(HOUSE)).toEqual([])
  })

  it.each(BREACHES)('catch $breaks', ({ breaks }) => {
    expect(found).toEqual(expect.arrayContaining([...breaks]))
  })

  it('catch nothing else', () => {
    expect(found).toEqual(BREACHES.flatMap(({ breaks }) => breaks).toSorted())
  })

  it('say why', async () => {
    const { default: rules } = (await import(CONFIGURATION)) as { default: { forbidden: { comment: string }[] } }
    expect(rules.forbidden.length).toBeGreaterThan(20)
    expect(rules.forbidden.filter(({ comment }) => comment.length < 20)).toEqual([])
  })
})
