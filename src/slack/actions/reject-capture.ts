import { decideCapture } from '../access/decide-capture.ts'
import { defineAction } from './action.ts'

/** Rejects a capture, or takes it back. */
export const rejectCapture = defineAction({
  name: 'reject-capture',
  run: (deps, asking, press) => decideCapture(deps, asking, press, 'reject'),
})
