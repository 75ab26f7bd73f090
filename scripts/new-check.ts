/**
 * Writes what a new check consists of: its file, its cases, its page, and its lines in the index.
 *
 * npm run new:check NAME -- --field FIELD    NAME for the symptom (`missing-subset`), FIELD for the hundred its code is in (routing when absent)
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { nearestNames } from '../src/mesh/names.ts'

/** The hundreds of the codes. */
export const FIELDS = {
  routing: '01',
  sync: '02',
  endpoints: '03',
  traffic: '04',
  security: '05',
  gateway: '06',
  workload: '07',
  'control-plane': '09',
} as const
export type Field = keyof typeof FIELDS

/** The check can't be written: the message says why and what would work. */
export class NewCheckError extends Error {
  readonly code = 'new-check'
}

const NAME = /^[a-z]+(-[a-z]+)+$/
const isField = (field: string): field is Field => Object.hasOwn(FIELDS, field)
const camel = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

/** The next code of a field that was never used: one after the highest below 90, from where on codes are for what is no check's own. */
export function nextCode(field: Field, used: readonly string[]): `MESH${number}` {
  const numbers = used
    .filter((code) => code.startsWith(`MESH${FIELDS[field]}`))
    .map((code) => Number(code.slice(-2)))
    .filter((number) => number < 90)
  const next = Math.max(0, ...numbers) + 1
  if (next >= 90) throw new NewCheckError(`Field ${field} has no free code below MESH${FIELDS[field]}90.`)
  return `MESH${FIELDS[field]}${String(next).padStart(2, '0')}` as `MESH${number}`
}

const checkFile = (name: string, code: string): string => `import type { Evidence } from '../evidence/evidence.ts'
import type { Target } from '../mesh/target.ts'
import type { Found } from './check.ts'
import { defineCheck } from './check.ts'

/** TODO: one sentence: the symptom, and why it hurts. */
export const ${camel(name)} = defineCheck({
  name: '${name}',
  about: 'TODO what is well when this check is silent',
  needs: ['virtual-services'],
  confirms: ['routes'],
  problems: {
    ${code}: {
      severity: 'warning', title: 'TODO three to six words',
      says: 'TODO {subject}: what is wrong',
      remedy: 'TODO what would mend {subject}.',
    },
  },
  run(evidence: Evidence, target: Target): Found[] {
    return target.hosts.length === 0 ? [] : evidence.found('virtual-services').flatMap(() => [])
  },
})
`

const caseFile = (code: string): string => `- name: TODO what is wrong in this mesh
  sort: finds
  from: chapter-10/ill
  finds: [{ code: ${code}, subject: VirtualService istioinaction/TODO, standing: configured }]
- name: TODO the same mesh, mended
  sort: silent
  from: chapter-10/mended
- name: VirtualServices could not be read
  sort: blind
  from: chapter-10/ill
  changes: [{ kind: virtual-services, blind: forbidden }]
`

const page = (name: string, code: string): string => `# ${code}: TODO three to six words

Check \`${name}\`, severity warning.

## What it means

TODO

## How it is known

- configured: the objects or an analyzer say so.
- live: TODO
- observed: TODO

## How it looks

TODO: real output

## How to see it by hand

TODO: commands

## How to fix it

TODO
`

/** The index with one more check: an import and an entry, each where the order puts it. */
export function withCheck(index: string, name: string): string {
  const lines = index.split('\n')
  const importOf = (line: string): string | undefined => /^import .* from '(.+)'$/.exec(line)?.[1]
  const entryOf = (line: string): string | undefined => /^ {2}(\w+),$/.exec(line)?.[1]
  const insert = (line: string, keyOf: (line: string) => string | undefined, key: string): void => {
    const places = lines.flatMap((other, at) => (keyOf(other) === undefined ? [] : [at]))
    const before = places.find((at) => (keyOf(lines[at] ?? '') ?? '') > key)
    lines.splice(before ?? (places.at(-1) ?? 0) + 1, 0, line)
  }
  insert(`import { ${camel(name)} } from './${name}.ts'`, importOf, `./${name}.ts`)
  insert(`  ${camel(name)},`, entryOf, camel(name))
  return lines.join('\n')
}

/**
 * Writes a new check into a checkout; answers its code and the files written, the index included.
 *
 * @throws {NewCheckError} when the name is taken or is none, or the field is unknown; then nothing was written
 */
export function newCheck(root: string, name: string, field = 'routing'): { code: string; files: string[] } {
  if (!isField(field))
    throw new NewCheckError(`${JSON.stringify(field)} is no field. Fields: ${Object.keys(FIELDS).join(', ')}.`)
  if (!NAME.test(name))
    throw new NewCheckError(
      `${JSON.stringify(name)} can't name a check: it takes two or more words of a-z with hyphens, for the symptom, as in "missing-subset".`,
    )
  const checks = join(root, 'src/checks')
  const pages = join(root, 'docs/findings')
  const taken = readdirSync(checks).map((file) => file.replace(/\.ts$/, ''))
  if (taken.includes(name))
    throw new NewCheckError(
      `src/checks/${name}.ts is there already. Names near it: ${nearestNames(name, taken).join(', ')}.`,
    )
  const retired = readFileSync(join(checks, 'retired.ts'), 'utf8').match(/MESH\d{4}/g) ?? []
  const code = nextCode(field, [...readdirSync(pages).map((file) => file.replace(/\.md$/, '')), ...retired])
  const index = join(checks, 'index.ts')
  const files: [string, string][] = [
    [join(checks, `${name}.ts`), checkFile(name, code)],
    [join(root, 'test/checks', `${name}.yaml`), caseFile(code)],
    [join(pages, `${code}.md`), page(name, code)],
    [index, withCheck(readFileSync(index, 'utf8'), name)],
  ]
  for (const [file] of files)
    if (file !== index && existsSync(file)) throw new NewCheckError(`${file} is there already.`)
  for (const [file, text] of files) writeFileSync(file, text)
  return { code, files: files.map(([file]) => file) }
}

const USAGE = `usage: npm run new:check NAME -- --field FIELD\nFIELD: ${Object.keys(FIELDS).join(', ')} (routing when absent)`

/** Carries out a command line; answers the exit code. */
function main(args: string[]): number {
  try {
    const {
      values,
      positionals: [name, field, ...more],
    } = parseArgs({ args, allowPositionals: true, options: { field: { type: 'string' } } })
    if (name === undefined || more.length > 0 || (field !== undefined && values.field !== undefined))
      throw new NewCheckError(USAGE)
    const { code, files } = newCheck(join(import.meta.dirname, '..'), name, values.field ?? field)
    console.log(
      `${code} ${name}\n${files.map((file) => `  ${file}`).join('\n')}\nFill in each TODO; npm test -- test/checks says what is missing, with -u it rewrites the table of findings.`,
    )
    return 0
  } catch (error) {
    const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
    if (!isUsage && !(error instanceof NewCheckError)) throw error
    console.error(isUsage ? `${error.message}\n${USAGE}` : (error as Error).message)
    return 64
  }
}

if (process.argv[1] === import.meta.filename) process.exitCode = main(process.argv.slice(2))
