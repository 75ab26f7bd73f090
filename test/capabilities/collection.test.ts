import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CAPABILITIES } from '../../src/capabilities/index.ts'
import { COMMANDS as TERMINAL } from '../../src/cli/commands/index.ts'
import { ACTIONS } from '../../src/slack/actions/index.ts'
import { ANSWERS } from '../../src/slack/answers/index.ts'
import { helpMessage } from '../../src/slack/blocks/help.ts'
import { COMMANDS } from '../../src/slack/commands/index.ts'
import { shownIn } from '../slack/texts.ts'

const ROOT = join(import.meta.dirname, '../..')

/** What asks for capabilities: a command or a button. */
interface Asker {
  name: string
  asks?: readonly string[]
}

/** The collection as it lies in a checkout. */
interface Collection {
  /** Texts by their paths. */
  files: ReadonlyMap<string, string>
  /** Kinds in the order of the indexes. */
  capabilities: readonly string[]
  answers: readonly string[]
  commands: readonly (Asker & { usage: string; about: string })[]
  actions: readonly Asker[]
  /** What `/mesh help` shows. */
  help: string
  /** Commands of the terminal. */
  terminal: typeof TERMINAL
}

/** Files of a folder that declare something by one of the `define…` functions: their names without the ending. */
const declared = (files: Collection['files'], folder: string, by: string): string[] =>
  [...files]
    .filter(([path, text]) => path.startsWith(`${folder}/`) && new RegExp(`= ${by}\\(`).test(text))
    .map(([path]) => path.slice(folder.length + 1, -'.ts'.length))

const isSorted = (names: readonly string[]): boolean =>
  names.every((name, index) => index === 0 || (names[index - 1] ?? '') < name)

/** What a collection lacks, each as a sentence. */
function missing({ files, capabilities, answers, commands, actions, help, terminal }: Collection): string[] {
  const says: string[] = []
  const say = (isWrong: boolean, sentence: string): void => {
    if (isWrong) says.push(sentence)
  }
  const rooms = [
    ['src/capabilities', 'defineCapability', capabilities],
    ['src/slack/answers', 'defineAnswer', answers],
    ['src/slack/commands', 'defineCommand', commands.map(({ name }) => name)],
    ['src/cli/commands', 'define(?:Command|Group)', terminal.map(({ name }) => name)],
  ] as const
  for (const [folder, by, names] of rooms) {
    for (const file of declared(files, folder, by))
      say(!names.includes(file), `${folder}/${file}.ts has no line in ${folder}/index.ts`)
    for (const name of names) say(!files.has(`${folder}/${name}.ts`), `${folder} has no file ${name}.ts`)
    say(!isSorted(names), `${folder}/index.ts is not sorted: ${names.join(', ')}`)
  }
  for (const kind of capabilities) {
    say(!answers.includes(kind), `capability ${kind} has no answer: src/slack/answers/${kind}.ts`)
    say(
      ![...commands, ...actions].some(({ asks = [] }) => asks.includes(kind)),
      `capability ${kind} is asked by no command and no button: src/slack/commands/${kind}.ts`,
    )
  }
  for (const { name, asks = [] } of [...commands, ...actions])
    for (const kind of asks) say(!capabilities.includes(kind), `${name} asks for ${kind}, which is no capability`)
  for (const { name, usage, about } of commands)
    say(!help.includes(usage) || about === '' || !help.includes(about), `command ${name} has no line in the help`)
  for (const command of terminal)
    for (const one of 'commands' in command ? [command, ...command.commands] : [command]) {
      const name = one === command ? one.name : `${command.name} ${one.name}`
      say(one.summary === '' || one.description === '', `mesh-medic ${name} does not say what it does`)
      say(
        'examples' in one && !one.examples.every((example) => example.includes(`mesh-medic ${name}`)),
        `mesh-medic ${name} has an example of another command`,
      )
    }
  for (const [path, text] of files) say(/\bTODO\b/.test(text), `${path} still has a TODO`)
  return says
}

const FOLDERS = [
  'src/capabilities',
  'src/slack/answers',
  'src/slack/commands',
  'src/cli',
  'src/cli/commands',
  'test/capabilities',
]
const FILES: Collection['files'] = new Map(
  FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((file) => file.endsWith('.ts') && file !== 'collection.test.ts')
      .map((file): [string, string] => [`${folder}/${file}`, readFileSync(join(ROOT, folder, file), 'utf8')]),
  ),
)
const HERE: Collection = {
  files: FILES,
  capabilities: CAPABILITIES.map(({ kind }) => kind),
  answers: Object.keys(ANSWERS),
  commands: COMMANDS,
  actions: ACTIONS,
  help: shownIn(helpMessage(COMMANDS)),
  terminal: TERMINAL,
}

describe('the collection of capabilities', () => {
  it('lacks nothing', () => {
    expect(missing(HERE)).toEqual([])
  })

  it.each(CAPABILITIES.map((capability) => [capability.kind, capability] as const))(
    '%s takes requests of its own kind alone, and keeps what it knows of them',
    (kind, { request, answer }) => {
      expect(request.safeParse({ kind: 'other', text: '' }).success).toBe(false)
      expect(request.safeParse({ kind }).success).toBe(false)
      expect(answer.safeParse({ kind: 'other' }).success).toBe(false)
      expect(answer.safeParse({ kind }).success).toBe(false)
    },
  )
})

describe('what a collection lacks is said', () => {
  const without = (path: string): Collection['files'] => new Map([...FILES].filter(([other]) => other !== path))
  const withFile = (path: string, text: string): Collection['files'] => new Map([...FILES, [path, text]])

  it.each<[string, Partial<Collection>, string]>([
    [
      'a file without its line',
      { files: withFile('src/capabilities/trace.ts', 'export const trace = defineCapability({') },
      'src/capabilities/trace.ts has no line in src/capabilities/index.ts',
    ],
    [
      'a line without its file',
      { files: without('src/slack/answers/status.ts') },
      'src/slack/answers has no file status.ts',
    ],
    [
      'a capability without an answer',
      { answers: HERE.answers.filter((kind) => kind !== 'raise-log-levels') },
      'capability raise-log-levels has no answer: src/slack/answers/raise-log-levels.ts',
    ],
    [
      'a capability that nothing asks for',
      { actions: ACTIONS.filter(({ asks = [] }) => !asks.includes('decide')) },
      'capability decide is asked by no command and no button: src/slack/commands/decide.ts',
    ],
    [
      'a command that asks for nothing there is',
      { actions: [...ACTIONS, { name: 'dream', asks: ['dream'] }] },
      'dream asks for dream, which is no capability',
    ],
    ['a command without help', { help: 'help' }, 'command status has no line in the help'],
    [
      'an index that is not sorted',
      { capabilities: HERE.capabilities.toReversed() },
      `src/capabilities/index.ts is not sorted: ${HERE.capabilities.toReversed().join(', ')}`,
    ],
    [
      'a command of the terminal without its line',
      { terminal: TERMINAL.filter(({ name }) => name !== 'status') },
      'src/cli/commands/status.ts has no line in src/cli/commands/index.ts',
    ],
    [
      'a command of the terminal without its file',
      { files: without('src/cli/commands/audit.ts') },
      'src/cli/commands has no file audit.ts',
    ],
    [
      'commands of the terminal that are not sorted',
      { terminal: TERMINAL.toReversed() },
      `src/cli/commands/index.ts is not sorted: ${TERMINAL.map(({ name }) => name)
        .toReversed()
        .join(', ')}`,
    ],
    [
      'a command of the terminal with the example of another',
      { terminal: TERMINAL.map((one) => (one.name === 'doctor' ? { ...one, examples: ['mesh-medic status'] } : one)) },
      'mesh-medic doctor has an example of another command',
    ],
    ['a TODO', { files: withFile('src/cli/trace.ts', '// TODO') }, 'src/cli/trace.ts still has a TODO'],
  ])('%s', (_what, change, sentence) => {
    expect(missing({ ...HERE, ...change })).toContain(sentence)
  })
})
