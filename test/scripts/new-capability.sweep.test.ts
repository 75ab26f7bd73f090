import { execa } from 'execa'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { check, resolveConfig } from 'prettier'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newCapability, withAnswer, withCapability } from '../../scripts/new-capability.ts'

const ROOT = join(import.meta.dirname, '../..')

describe('an index', () => {
  it('takes one more where the order has it', () => {
    const index =
      "import { alpha } from './alpha.ts'\nimport { omega } from './omega.ts'\n\nexport const ALL = [alpha, omega]\n"
    expect(withCapability(index, 'mid-way')).toBe(
      "import { alpha } from './alpha.ts'\nimport { midWay } from './mid-way.ts'\nimport { omega } from './omega.ts'\n\nexport const ALL = [alpha, midWay, omega]\n",
    )
    expect(withCapability(index, 'zulu')).toContain('[alpha, omega, zulu]')
    expect(withCapability(index, 'aaa')).toContain("import { aaa } from './aaa.ts'\nimport { alpha }")
  })

  it('of answers is a record by kind', () => {
    const index =
      "import { alphaAnswer } from './alpha.ts'\n\nexport const ALL = {\n  alpha: alphaAnswer,\n  'o-mega': oMegaAnswer,\n}\n"
    expect(withAnswer(index, 'mid-way')).toContain("alpha: alphaAnswer, 'mid-way': midWayAnswer, 'o-mega': oMegaAnswer")
  })
})

describe('a new capability', () => {
  let root: string
  const FOLDERS = [
    'src/capabilities',
    'src/slack/answers',
    'src/slack/commands',
    'src/cli',
    'src/cli/commands',
    'test/capabilities',
  ]
  const listing = (): string[] =>
    FOLDERS.flatMap((folder) =>
      readdirSync(join(root, folder))
        .filter((file) => file.endsWith('.ts'))
        .map((file) => `${folder}/${file}`),
    ).sort()
  const texts = (): Map<string, string> =>
    new Map(listing().map((file) => [file, readFileSync(join(root, file), 'utf8')]))
  const run = (...args: string[]) =>
    execa(process.execPath, [join(root, 'scripts/new-capability.ts'), ...args], { reject: false })

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'mesh-medic-new-capability-'))
    for (const path of ['src', 'scripts', 'test/capabilities', 'package.json', '.prettierrc.json']) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      cpSync(join(ROOT, path), join(root, path), { recursive: true })
    }
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
    writeFileSync(
      join(root, 'tsconfig.json'),
      JSON.stringify({
        extends: join(ROOT, 'tsconfig.json'),
        compilerOptions: { noEmit: true, typeRoots: [join(ROOT, 'node_modules/@types')] },
        include: ['src/capabilities', 'src/slack', 'src/cli'],
      }),
    )
  })
  afterAll(() => {
    rmSync(root, { recursive: true, force: true })
  })

  it('is refused for a bad or taken name, and then nothing is written', async () => {
    const before = texts()
    for (const name of ['', 'Trace', 'a_b', '../x', 'a.ts', '-a', 'a-', 'a--b', 'a\n', 'v2', 'a; rm -rf /'])
      await expect(newCapability(root, name), JSON.stringify(name)).rejects.toThrow("can't name a capability")
    await expect(newCapability(root, 'status')).rejects.toThrow('src/capabilities/status.ts is there already')
    await expect(newCapability(root, 'leases')).rejects.toThrow('src/slack/commands/leases.ts is there already')
    await expect(newCapability(root, 'delete')).rejects.toThrow('names something else')
    expect(texts()).toEqual(before)
  })

  it('is refused by the command line with a text and the code of bad usage', async () => {
    for (const args of [[], ['a', 'b'], ['a', '--nonsense'], ['status']]) {
      const { exitCode, stderr, stdout } = await run(...args)
      expect({ exitCode, stdout }, args.join(' ')).toEqual({ exitCode: 64, stdout: '' })
      expect(stderr, args.join(' ')).toMatch(/usage: |is there already/)
      expect(stderr).not.toMatch(/\n\s+at /)
    }
  })

  it('is files that type-check and are formatted, and a line in each index', async () => {
    const before = texts()
    const { stdout } = await run('who-calls', '--cli')
    expect(stdout.split('\n')[0]).toBe('who-calls')
    expect(listing().filter((file) => !before.has(file))).toEqual([
      'src/capabilities/who-calls.ts',
      'src/cli/commands/who-calls.ts',
      'src/cli/who-calls.ts',
      'src/slack/answers/who-calls.ts',
      'src/slack/commands/who-calls.ts',
      'test/capabilities/who-calls.test.ts',
    ])
    await newCapability(root, 'certificates')
    const { stdout: types, exitCode } = await execa(
      process.execPath,
      [join(ROOT, 'node_modules/typescript-7/bin/tsc'), '-p', root, '--singleThreaded'],
      { reject: false },
    )
    expect({ types, exitCode }).toEqual({ types: '', exitCode: 0 })
    const written = [...texts()].filter(([file, text]) => before.get(file) !== text).map(([file]) => file)
    expect(written.length).toBeGreaterThan(8)
    const style = await resolveConfig(join(root, 'package.json'))
    expect(style).toHaveProperty('printWidth')
    for (const file of written)
      expect(await check(texts().get(file)!, { ...style, filepath: join(root, file) }), file).toBe(true)
    const kindsOf = async (index: string, list: string): Promise<string[]> => {
      const module = (await import(join(root, index))) as Record<string, unknown>
      const all = module[list] as { kind?: string; name?: string }[] | Record<string, unknown>
      return Array.isArray(all) ? all.map(({ kind, name = '' }) => kind ?? name) : Object.keys(all)
    }
    for (const [index, list] of [
      ['src/capabilities/index.ts', 'CAPABILITIES'],
      ['src/slack/answers/index.ts', 'ANSWERS'],
      ['src/slack/commands/index.ts', 'COMMANDS'],
      ['src/cli/commands/index.ts', 'COMMANDS'],
    ] as const) {
      const kinds = await kindsOf(index, list)
      expect(kinds, index).toEqual(kinds.toSorted())
      expect(kinds, index).toEqual(
        expect.arrayContaining(index.includes('/cli/') ? ['who-calls'] : ['certificates', 'who-calls']),
      )
    }
  })
})
