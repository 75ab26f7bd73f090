import { defineCommand } from './command.ts'
import { askDiagnosis } from '../thread/ask-diagnosis.ts'
import { RefusalError } from '../access/refusal-of.ts'
import { readArguments } from './words.ts'

const usage = 'diagnose TARGET [-n NAMESPACE]'

/** Finds out why a target misbehaves. */
export const diagnose = defineCommand({
  name: 'diagnose',
  usage,
  about: 'finds out why a workload misbehaves, and proves it in a thread',
  async run(deps, asking, words) {
    const {
      words: [target, ...more],
      namespace,
    } = readArguments(words, usage)
    if (target === undefined)
      throw new RefusalError({
        why: 'No target was given.',
        commands: ['/mesh diagnose catalog', '/mesh diagnose deploy/catalog -n shop', '/mesh help'],
      })
    if (more.length > 0) {
      throw new RefusalError({
        why: `One target at a time: ${JSON.stringify(more[0]?.slice(0, 60))} is one too many.`,
        commands: [`/mesh diagnose ${target}${namespace === undefined ? '' : ` -n ${namespace}`}`, `/mesh ${usage}`],
      })
    }
    await askDiagnosis(deps, asking, { text: target, namespace })
  },
})
