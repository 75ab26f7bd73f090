import { isDnsLabel } from '../../mesh/names.ts'
import { UserError } from '../../mesh/user-error.ts'
import { startRun } from '../thread/start-run.ts'
import { defineCommand } from './command.ts'
import { readArguments } from './words.ts'
import { defined } from '../../mesh/defined.ts'

const usage = 'status [NAMESPACE]'

/** Shows how every proxy stands with istiod. */
export const status = defineCommand({
  name: 'status',
  usage,
  about: 'says which proxies are in sync, which rejected something and why, and which are missing',
  asks: ['status'],
  async run(deps, asking, words) {
    const {
      words: [word, ...more],
      namespace = word,
    } = readArguments(words, usage)
    if (more.length > 0 || (word !== undefined && namespace !== word))
      throw new UserError({ why: 'One namespace at a time.', commands: [`/mesh ${usage}`] })
    if (namespace !== undefined && !isDnsLabel(namespace))
      throw new UserError({
        why: `${JSON.stringify(namespace.slice(0, 80))} is not a namespace name.`,
        commands: ['/mesh status', '/mesh status shop'],
      })
    if (namespace !== undefined) await deps.directory.checkNamespace(namespace)
    await startRun(deps, asking, { kind: 'status', text: namespace ?? '', ...defined({ namespace }) })
  },
})
