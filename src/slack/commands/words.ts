import { nearestNames } from '../../mesh/names.ts'
import { UserError } from '../../mesh/user-error.ts'
import { defined } from '../../mesh/defined.ts'

/** Nobody types more than this on purpose. */
const MOST_CHARACTERS = 500

/** `<http://shop.example.com|shop.example.com>`, as Slack writes what it took for a link. */
const LINK = /<((?:https?|mailto):[^|>\s]+)(?:\|([^>]*))?>/g

const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>' }

/** What was typed, without what Slack's clients made of it: links, entities, curly quotes, long dashes before a flag. */
function asTyped(text: string): string {
  return text
    .replace(LINK, (_whole, url: string, label?: string) => label ?? url.replace(/^mailto:/, ''))
    .replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(/[\u201c\u201d\u201e]/g, '"')
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/(^|\s)\u2014(?=\w)/g, '$1--')
    .replace(/(^|\s)\u2013(?=\w)/g, '$1-')
}

/**
 * The words of a command line; quotes keep words together. There is no shell: no variables, no substitution.
 * @throws UserError when it is too long, or a quote has no end
 */
export function splitWords(line: string): string[] {
  if (line.length > MOST_CHARACTERS)
    throw new UserError({
      why: `That is ${line.length} characters long; a command has at most ${MOST_CHARACTERS}.`,
      commands: ['/mesh help'],
    })
  const text = asTyped(line)
  const words: string[] = []
  for (const [, double, single, bare = ''] of text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)) {
    const word = double ?? single ?? bare
    if (double === undefined && single === undefined && /["']/.test(word))
      throw new UserError({
        why: `A quote in ${JSON.stringify(word)} is not closed.`,
        remedies: ['Names need no quotes.'],
      })
    words.push(word)
  }
  return words
}

/** What a command takes: words, and flags with a value. */
export interface Arguments {
  words: string[]
  namespace?: string
  /** The values of the command's own flags, in the order they were typed; none for a flag that takes no value. */
  values: Readonly<Record<string, readonly string[]>>
}

/** A flag: what its value is (`minutes`), if it takes one, and whether it may come several times. */
export interface Flag {
  /** Absent: it takes none. */
  value?: string
  many?: boolean
}

const NAMESPACE_FLAGS = ['-n', '--namespace']

/**
 * Takes `-n NAMESPACE` (also `--namespace=NAMESPACE`) and a command's own flags out of the words.
 * @param flags by their name, as `--for`
 * @throws UserError for any other flag, a flag twice or without its value
 */
export function readArguments(
  words: readonly string[],
  usage: string,
  flags: Readonly<Record<string, Flag>> = {},
): Arguments {
  const refuse = (why: string): never => {
    throw new UserError({ why, commands: [`/mesh ${usage}`] })
  }
  const rest: string[] = []
  const values: Record<string, string[]> = {}
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? ''
    if (!word.startsWith('-')) {
      rest.push(word)
      continue
    }
    const [typed, inline] = split(word)
    const name = NAMESPACE_FLAGS.includes(typed) ? '-n' : typed
    const flag: Flag | undefined = name === '-n' ? { value: 'namespace' } : flags[name]
    if (flag === undefined) {
      const [nearest] = nearestNames(typed, [...NAMESPACE_FLAGS, ...Object.keys(flags)])
      return refuse(`Unknown flag ${typed.slice(0, 60)}.${nearest === undefined ? '' : ` Did you mean ${nearest}?`}`)
    }
    if (values[name] !== undefined && flag.many !== true)
      refuse(name === '-n' ? 'The namespace is given twice.' : `${typed} is given twice.`)
    if (flag.value === undefined) {
      if (inline !== undefined) refuse(`${typed} takes no value.`)
      values[name] = []
      continue
    }
    const value = inline ?? words[(index += 1)]
    if (value === undefined || value === '') return refuse(`${typed} needs a ${flag.value}.`)
    if (value.startsWith('-'))
      return refuse(`${typed} needs a ${flag.value}; ${JSON.stringify(value.slice(0, 60))} is not one.`)
    values[name] = [...(values[name] ?? []), value]
  }
  const { '-n': [namespace] = [], ...own } = values
  return { words: rest, values: own, ...defined({ namespace }) }
}

/** A command's own flags as they can be typed again. */
export const flagsText = (values: Arguments['values']): string =>
  Object.entries(values)
    .flatMap(([flag, all]) => (all.length === 0 ? [flag] : all.map((value) => `${flag} ${value}`)))
    .join(' ')

function split(word: string): [string, string?] {
  const at = word.indexOf('=')
  return at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)]
}
