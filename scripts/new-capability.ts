/**
 * Writes what a new capability consists of: its file, how its answer looks in Slack, how it is typed there, with --cli how it is typed in a
 * terminal, a test, and its lines in the indexes.
 *
 * npm run new:capability NAME -- --cli    NAME as it is typed: `status`, `log-levels`
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'

/** The capability can't be written: the message says why and what would work. */
export class NewCapabilityError extends Error {
  readonly code = 'new-capability'
}

const NAME = /^[a-z]+(-[a-z]+)*$/
/** Words of the language, and files that hold no capability. */
const TAKEN = new Set(['default', 'delete', 'in', 'index', 'new'])
const camel = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
const pascal = (name: string): string => camel(name).replace(/^\w/, (letter) => letter.toUpperCase())

const capabilityFile = (name: string): string => `import { z } from 'zod'
import { defineCapability } from './capability.ts'

const ${pascal(name)}Request = z.object({
  kind: z.literal('${name}'),
  text: z.string(),
  namespace: z.string().optional(),
})

const ${pascal(name)}Answer = z.object({ kind: z.literal('${name}'), says: z.string() })
export type ${pascal(name)}Answer = z.infer<typeof ${pascal(name)}Answer>

/** TODO: one sentence: what is asked, and what is answered. */
export const ${camel(name)} = defineCapability({
  kind: '${name}',
  request: ${pascal(name)}Request,
  answer: ${pascal(name)}Answer,
  role: 'viewer',
  audit: { asked: 'diagnosis-asked' },
  work(_deps, { request }, _thread, signal): Promise<${pascal(name)}Answer> {
    signal.throwIfAborted()
    return Promise.resolve({ kind: '${name}', says: \`TODO what is known of \${request.text}\` })
  },
  outcome: ({ says }) => ({ verdict: 'shown', sentence: says }),
})
`

const answerFile = (name: string): string => `import { ${camel(name)} } from '../../capabilities/${name}.ts'
import { buttonRow } from '../blocks/buttons.ts'
import { fit } from '../blocks/fit.ts'
import { line, rich, text } from '../blocks/rich.ts'
import { askedBy } from '../blocks/running.ts'
import { defineAnswer } from './answer.ts'
import { runAgainButton } from './run-buttons.ts'

/** TODO: what its message shows. */
export const ${camel(name)}Answer = defineAnswer(${camel(name)}, {
  doing: 'TODO what goes on while it runs',
  async shown({ records }, { says }, run) {
    const blocks = [
      rich(line(text(says))),
      rich(line(...askedBy(run))),
      ...buttonRow([await runAgainButton(records, run)]),
    ]
    return { message: fit({ text: says, blocks }, { hasFile: false }), parts: [] }
  },
})
`

const commandFile = (name: string): string => `import { UserError } from '../../mesh/user-error.ts'
import { startRun } from '../thread/start-run.ts'
import { defineCommand } from './command.ts'
import { readArguments } from './words.ts'
import { defined } from '../../mesh/defined.ts'

const usage = '${name} TARGET [-n NAMESPACE]'

/** TODO: one sentence: what it does. */
export const ${camel(name)} = defineCommand({
  name: '${name}',
  usage,
  about: 'TODO what it says, for the help',
  asks: ['${name}'],
  async run(deps, asking, words) {
    const {
      words: [text, ...more],
      namespace,
    } = readArguments(words, usage)
    if (text === undefined || more.length > 0)
      throw new UserError({ why: 'It takes one target.', commands: [\`/mesh \${usage}\`] })
    await startRun(deps, asking, { kind: '${name}', text, ...defined({ namespace }) })
  },
})
`

const testFile = (name: string): string => `import { expect, it } from 'vitest'
import { carryOut } from '../../src/capabilities/carry-out.ts'
import { ${camel(name)} } from '../../src/capabilities/${name}.ts'
import { createRun, readRun } from '../../src/store/runs.ts'
import { memoryRecords } from '../store/memory-records.ts'
import { capabilityDeps } from './deps.ts'
import { FakeThread } from './fake-thread.ts'

it('tells what was found, and its record says how it ended', async () => {
  const records = await memoryRecords()
  const thread = new FakeThread()
  const { deps } = capabilityDeps(records, { openThread: () => thread })
  const request = { kind: '${name}', text: 'catalog' }
  const run = await createRun(records, { request, asker: { user: 'U_ONCALL' }, channel: 'C_MESH' })
  await carryOut(deps, ${camel(name)})({ run: run.id, kind: '${name}' }, new AbortController().signal)
  expect(thread.told.at(-1)).toEqual(['answer', { kind: '${name}', says: 'TODO what is known of catalog' }])
  expect(await readRun(records, run.id)).toMatchObject({ state: 'done', outcome: { verdict: 'shown' } })
})
`

const cliFile = (name: string): string => `import { EXIT } from './exit-codes.ts'
import { answer } from './output.ts'

/** \`mesh-medic ${name}\`: TODO what it answers; answers the exit code. */
export async function ${camel(name)}(target: string): Promise<number> {
  await answer(\`TODO what is known of \${target}\\n\`)
  return EXIT.healthy
}
`

const cliCommandFile = (name: string): string => `import { defineCommand } from './command.ts'

/** \`mesh-medic ${name}\`: TODO what it answers. */
export const ${camel(name)} = defineCommand({
  name: '${name}',
  summary: 'TODO a few words',
  description: 'TODO one or two sentences.',
  takes: (command) =>
    command.argument('<target>', 'a service (catalog, catalog.shop), deploy/NAME, pod/NAME, a host or a URL'),
  examples: ['mesh-medic ${name} catalog'],
  run: async (target: string) => (await import('../${name}.ts')).${camel(name)}(target),
})
`

/** An index with one more import, where the order of the files puts it. */
function withImport(index: string, what: string, file: string): string {
  const lines = index.split('\n')
  const fileOf = (line: string): string | undefined => /^import \{ \w+ \} from '\.\/(.+)\.ts'$/.exec(line)?.[1]
  const places = lines.flatMap((line, at) => (fileOf(line) === undefined ? [] : [at]))
  const before = places.find((at) => (fileOf(lines[at] ?? '') ?? '') > file)
  lines.splice(before ?? (places.at(-1) ?? -1) + 1, 0, `import { ${what} } from './${file}.ts'`)
  return lines.join('\n')
}

/** The sorted entries of a list or record with one more; those that are there keep their order, as one may stand under another name than its kind. */
function withEntry(entries: string, entry: string): string {
  const known = entries.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()]))
  const after = known.findIndex((one) => bare(one).localeCompare(bare(entry), 'en') > 0)
  return known.toSpliced(after === -1 ? known.length : after, 0, entry).join(', ')
}
const bare = (entry: string): string => entry.replaceAll("'", '')

/** The index of the capabilities, or of the commands of Slack or the terminal, with one more. */
export const withCapability = (index: string, name: string): string =>
  withImport(index, camel(name), name).replace(/(?<== \[)[\w\s,]+(?=\])/, (entries) => withEntry(entries, camel(name)))

/** The index of Slack's answers with one more. */
export const withAnswer = (index: string, name: string): string =>
  withImport(index, `${camel(name)}Answer`, name).replace(/(?<== \{)[\w\s,:'-]+(?=\})/, (entries) =>
    withEntry(entries, `'${name}': ${camel(name)}Answer`),
  )

/**
 * Writes a new capability into a checkout; answers the files written, the indexes included.
 *
 * @throws {NewCapabilityError} when the name is taken or is none; then nothing was written
 */
export async function newCapability(root: string, name: string, { cli = false } = {}): Promise<string[]> {
  if (!NAME.test(name))
    throw new NewCapabilityError(
      `${JSON.stringify(name)} can't name a capability: it takes words of a-z with hyphens, as they are typed: "log-levels".`,
    )
  if (TAKEN.has(name)) throw new NewCapabilityError(`${name} names something else.`)
  const within = (path: string): string => join(root, path)
  const fresh: [string, string][] = [
    [`src/capabilities/${name}.ts`, capabilityFile(name)],
    [`src/slack/answers/${name}.ts`, answerFile(name)],
    [`src/slack/commands/${name}.ts`, commandFile(name)],
    [`test/capabilities/${name}.test.ts`, testFile(name)],
    ...(cli
      ? ([
          [`src/cli/commands/${name}.ts`, cliCommandFile(name)],
          [`src/cli/${name}.ts`, cliFile(name)],
        ] as [string, string][])
      : []),
  ]
  for (const [path] of fresh) if (existsSync(within(path))) throw new NewCapabilityError(`${path} is there already.`)
  const changed = (
    [
      ['src/capabilities/index.ts', withCapability],
      ['src/slack/answers/index.ts', withAnswer],
      ['src/slack/commands/index.ts', withCapability],
      ...(cli ? [['src/cli/commands/index.ts', withCapability] as const] : []),
    ] as const
  ).map(([path, change]): [string, string] => [path, change(readFileSync(within(path), 'utf8'), name)])
  const files = [...fresh, ...changed]
  const style = await resolveConfig(join(import.meta.dirname, 'new-capability.ts'))
  for (const [path, text] of files) writeFileSync(within(path), await format(text, { ...style, filepath: path }))
  return files.map(([path]) => path)
}

const USAGE = 'usage: npm run new:capability NAME -- --cli\n--cli: also as a command of the terminal'

/** Carries out a command line; answers the exit code. */
async function main(args: string[]): Promise<number> {
  try {
    const {
      values,
      positionals: [name, ...more],
    } = parseArgs({ args, allowPositionals: true, options: { cli: { type: 'boolean' } } })
    if (name === undefined || more.length > 0) throw new NewCapabilityError(USAGE)
    const files = await newCapability(join(import.meta.dirname, '..'), name, { cli: values.cli === true })
    console.log(
      `${name}\n${files.map((file) => `  ${file}`).join('\n')}\nFill in each TODO; npm test -- test/capabilities says what is missing.`,
    )
    return 0
  } catch (error) {
    const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
    if (!isUsage && !(error instanceof NewCapabilityError)) throw error
    console.error(isUsage ? `${error.message}\n${USAGE}` : (error as Error).message)
    return 64
  }
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main(process.argv.slice(2))
