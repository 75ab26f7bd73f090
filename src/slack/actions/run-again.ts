import { askDiagnosis } from '../thread/ask-diagnosis.ts'
import { startRun } from '../thread/start-run.ts'
import { defineAction } from './action.ts'
import { runOf } from './run-of.ts'

/** Asks the same once more, as the person who pressed; the answer is a new message. */
export const runAgain = defineAction({
  name: 'run-again',
  async run(deps, asking, press) {
    const { request } = await runOf(deps, press)
    const { kind, text, namespace, target } = request
    if (kind !== 'diagnose') return startRun(deps, asking, request)
    // The object that was meant then, should several namespaces have the name by now.
    await askDiagnosis(deps, asking, {
      text,
      namespace: namespace ?? (target?.kind === 'Service' && !text.includes('.') ? target.namespace : undefined),
    })
  },
})
