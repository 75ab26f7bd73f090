import { defineCommand } from './command.ts'
import { askDiagnosis } from '../thread/ask-diagnosis.ts'
import { UserError } from '../../mesh/user-error.ts'
import { readArguments } from './words.ts'
import { windowAsked } from '../../diagnosis/telemetry/window-asked.ts'

const usage = 'diagnose TARGET [-n NAMESPACE] [--window 15m] [--probe]'

/** Finds out why a target misbehaves. */
export const diagnose = defineCommand({
  name: 'diagnose',
  usage,
  about:
    'finds out why a workload misbehaves, and proves it in a thread; --probe (operators) sends a GET through its gateway where there is no traffic; --window says how far back requests count (15m)',
  asks: ['diagnose'],
  async run(deps, asking, words) {
    const {
      words: [target, ...more],
      namespace,
      values,
    } = readArguments(words, usage, { '--probe': {}, '--window': { value: 'time, 30s to 24h' } })
    const probe = values['--probe'] !== undefined
    if (target === undefined)
      throw new UserError({
        why: 'No target was given.',
        commands: ['/mesh diagnose catalog', '/mesh diagnose deploy/catalog -n shop', '/mesh help'],
      })
    if (more.length > 0) {
      throw new UserError({
        why: `One target at a time: ${JSON.stringify(more[0]?.slice(0, 60))} is one too many.`,
        commands: [
          `/mesh diagnose ${target}${namespace === undefined ? '' : ` -n ${namespace}`}${probe ? ' --probe' : ''}`,
          `/mesh ${usage}`,
        ],
      })
    }
    const [typed] = values['--window'] ?? []
    const window = typed === undefined ? undefined : windowAsked(typed, '/mesh diagnose')
    await askDiagnosis(deps, asking, { text: target, namespace, probe, window })
  },
  async again(deps, asking, request) {
    if (request.kind !== 'diagnose') throw new TypeError(`${request.kind} is not a diagnosis`)
    const { text, namespace, target, probe, window } = request
    // The object that was meant then, should several namespaces have the name by now.
    await askDiagnosis(deps, asking, {
      text,
      probe,
      window,
      namespace: namespace ?? (target?.kind === 'Service' && !text.includes('.') ? target.namespace : undefined),
    })
  },
})
