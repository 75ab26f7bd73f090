import { z } from 'zod'
import { askDiagnosis } from '../thread/ask-diagnosis.ts'
import { defineAction } from './action.ts'

const Chosen = z.object({
  text: z.string(),
  namespace: z.string(),
  probe: z.boolean().optional(),
  window: z.number().optional(),
  thread: z.string().optional(),
})

/** Diagnoses the one of several targets that was meant. */
export const chooseTarget = defineAction({
  name: 'choose-target',
  async run(deps, asking, { button }) {
    const { text, namespace, probe, window, thread } = Chosen.parse(button.payload)
    await askDiagnosis(deps, { ...asking, thread }, { text, namespace, probe, window })
  },
})
