import { decideCapture } from '../access/decide-capture.ts'
import { defineAction } from './action.ts'

/** Approves a capture, if whoever pressed may; the last approval that it needs begins it. */
export const approveCapture = defineAction({
  name: 'approve-capture',
  asks: ['capture'],
  run: (deps, asking, press) => decideCapture(deps, asking, press, 'approve'),
})
