import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { FIELDS, newCheck, nextCode, withCheck } from '../../scripts/new-check.ts'

const ROOT = join(import.meta.dirname, '..', '..')

describe('the next code', () => {
  it('is one after the highest of its field, none used again', () => {
    expect(nextCode('routing', ['MESH0101', 'MESH0110', 'MESH0201'])).toBe('MESH0111')
    expect(nextCode('security', ['MESH0101'])).toBe('MESH0501')
    expect(nextCode('control-plane', ['MESH0901', 'README'])).toBe('MESH0902')
    // From 90 on codes stand for what others say.
    expect(nextCode('routing', ['MESH0190', 'MESH0191', 'MESH0104'])).toBe('MESH0105')
  })

  it('ends at 89', () => {
    expect(() => nextCode('sync', ['MESH0289'])).toThrow('no free code')
  })
})

describe('the index', () => {
  const INDEX =
    "import { analyzerMessage } from './analyzer-message.ts'\nimport type { Check } from './check.ts'\nimport { staleProxy } from './stale-proxy.ts'\n\nexport const CHECKS: readonly Check[] = [\n  analyzerMessage,\n  staleProxy,\n]\n"
  it.each([
    ['a-first-one', 0, 0],
    ['bare-pod', 1, 1],
    ['wrong-pod', 3, 2],
  ])('takes %s in where the order puts it', (name, importAt, entryAt) => {
    const lines = withCheck(INDEX, name).split('\n')
    const [imports, entries] = [
      lines.filter((line) => line.startsWith('import')),
      lines.filter((line) => line.startsWith('  ')),
    ]
    expect([imports.findIndex((line) => line.includes(name)), entries.length, imports.length]).toEqual([importAt, 3, 4])
    expect(entries.findIndex((line) => !INDEX.includes(line))).toBe(entryAt)
    expect(imports).toEqual(imports.toSorted((a, b) => ((a.split("'")[1] ?? '') < (b.split("'")[1] ?? '') ? -1 : 1)))
    expect(entries).toEqual(entries.toSorted())
  })
})

describe('a new check', () => {
  let root: string
  const read = (path: string): string => readFileSync(join(root, path), 'utf8')
  const listing = (): string[] =>
    ['src/checks', 'test/checks', 'docs/findings']
      .flatMap((folder) => readdirSync(join(root, folder)).map((file) => `${folder}/${file}`))
      .sort()

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'mesh-medic-new-check-'))
    for (const path of [
      'src/checks',
      'src/mesh',
      'src/capture',
      'src/evidence',
      'docs/findings',
      'scripts',
      'package.json',
      'tsconfig.json',
    ]) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      cpSync(join(ROOT, path), join(root, path), { recursive: true })
    }
    mkdirSync(join(root, 'test/checks'), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
    writeFileSync(
      join(root, 'tsconfig.json'),
      JSON.stringify({
        extends: join(ROOT, 'tsconfig.json'),
        compilerOptions: { noEmit: true, typeRoots: [join(ROOT, 'node_modules/@types')] },
        include: ['src/checks'],
      }),
    )
  })
  afterAll(() => {
    rmSync(root, { recursive: true, force: true })
  })

  it('is refused for a bad or taken name or field, and then nothing is written', () => {
    const before = listing()
    for (const name of [
      '',
      'Missing-Subset',
      'one',
      'a_b',
      '../x',
      'a-b.ts',
      '-a-b',
      'a-',
      'a--b',
      'a-b\n',
      'v2-pods',
      'a-b; rm -rf /',
    ])
      expect(() => newCheck(root, name), JSON.stringify(name)).toThrow("can't name a check")
    expect(() => newCheck(root, 'missing-subset')).toThrow('is there already')
    expect(() => newCheck(root, 'no-route', 'routes')).toThrow(
      `"routes" is no field. Fields: ${Object.keys(FIELDS).join(', ')}.`,
    )
    expect(() => newCheck(root, 'no-route', 'constructor')).toThrow('is no field')
    expect(listing()).toEqual(before)
  })

  it('is refused by the command line with a text and the code of bad usage', async () => {
    const run = (...args: string[]) =>
      execa(process.execPath, [join(root, 'scripts/new-check.ts'), ...args], { reject: false })
    for (const args of [
      [],
      ['a-b', 'routing', 'more'],
      ['a-b', '--nonsense'],
      ['a-b', '--field'],
      ['missing-subset'],
      ['a-b', 'sync', '--field', 'sync'],
    ]) {
      const { exitCode, stderr, stdout } = await run(...args)
      expect({ exitCode, stdout }, args.join(' ')).toEqual({ exitCode: 64, stdout: '' })
      expect(stderr, args.join(' ')).toMatch(/usage: |is there already/)
      expect(stderr).not.toMatch(/\n\s+at /)
    }
  })

  it('is a check that type-checks, cases that parse, a page, and its lines in the index', async () => {
    const before = listing()
    const used = readdirSync(join(root, 'docs/findings')).map((file) => file.replace(/\.md$/, ''))
    const code = nextCode('security', used)
    const following = nextCode('security', [...used, code])
    const { stdout } = await execa(process.execPath, [
      join(root, 'scripts/new-check.ts'),
      'plain-text-refused',
      '--field',
      'security',
    ])
    expect(stdout.split('\n')[0]).toBe(`${code} plain-text-refused`)
    expect(listing().filter((file) => !before.includes(file))).toEqual([
      `docs/findings/${code}.md`,
      'src/checks/plain-text-refused.ts',
      'test/checks/plain-text-refused.yaml',
    ])
    expect(newCheck(root, 'plain-text-allowed', 'security').code).toBe(following)

    const { stdout: types, exitCode } = await execa(
      process.execPath,
      [join(ROOT, 'node_modules/typescript-7/bin/tsc'), '-p', root, '--singleThreaded'],
      { reject: false },
    )
    expect({ types, exitCode }).toEqual({ types: '', exitCode: 0 })
    const { CHECKS } = (await import(join(root, 'src/checks/index.ts'))) as {
      CHECKS: { name: string; problems: object }[]
    }
    const names = CHECKS.map(({ name }) => name)
    expect(names).toEqual(names.toSorted())
    expect(
      CHECKS.filter(({ name }) => name.startsWith('plain-text-')).map(({ name, problems }) => [
        name,
        ...Object.keys(problems),
      ]),
    ).toEqual([
      ['plain-text-allowed', following],
      ['plain-text-refused', code],
    ])

    const cases = parse(read('test/checks/plain-text-refused.yaml')) as { sort: string; finds?: { code: string }[] }[]
    expect(cases.map(({ sort }) => sort)).toEqual(['finds', 'silent', 'blind'])
    expect(cases[0]?.finds?.[0]?.code).toBe(code)
    expect(read(`docs/findings/${code}.md`)).toMatch(
      new RegExp(`^# ${code}: .+\\n\\nCheck \`plain-text-refused\`, severity warning\\.\\n`),
    )
    expect(existsSync(join(root, 'src/checks/plain-text-allowed.ts'))).toBe(true)
  }, 60_000)
})
