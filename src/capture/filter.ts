import { UserError } from '../mesh/user-error.ts'

/** What a filter may hold, as people know it from tcpdump. */
const TAKES = '“port 3000”, “host 10.1.2.3”, or both joined by “and”'

/**
 * Takes a filter apart in the form that tcpdump has it: `port 3000 and host 10.1.2.3`, with or without `tcp`. Only what a plan has a place for is understood: nothing of
 * the text itself is passed on.
 * @throws UserError for anything else
 */
export function parseFilter(text: string): { port?: string; peer?: string } {
  const refuse = (why: string): never => {
    throw new UserError({ why, remedies: [`A filter is ${TAKES}; only TCP is captured.`] }, { code: 'capture-option' })
  }
  const words = text.trim().toLowerCase().split(/\s+/)
  const found: { port?: string; peer?: string } = {}
  for (let at = 0; at < words.length;) {
    const word = words[at] ?? ''
    if (at > 0 && word === 'and') {
      at += 1
      if (at === words.length) refuse('The filter ends with “and”.')
      continue
    }
    if (word === 'tcp' && at === 0) {
      at += 1
      continue
    }
    const value = words[at + 1]
    const name = word === 'port' ? 'port' : word === 'host' ? 'peer' : undefined
    if (name === undefined) return refuse(`${JSON.stringify(word.slice(0, 40))} is not understood in a filter.`)
    if (value === undefined) return refuse(`The filter ends after “${word}”.`)
    if (found[name] !== undefined) return refuse(`The filter says “${word}” twice.`)
    found[name] = value
    at += 2
  }
  return found
}
