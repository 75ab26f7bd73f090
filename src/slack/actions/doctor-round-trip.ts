import { z } from 'zod'
import { doctor } from '../../capabilities/doctor.ts'
import { keptAnswer } from '../../capabilities/kept-answer.ts'
import { doctorMessage } from '../blocks/doctor.ts'
import { Posts } from '../thread/posts.ts'
import { UserError } from '../../mesh/user-error.ts'
import { ROUND_TRIP_SECONDS, runAgainButton } from '../answers/run-buttons.ts'
import { defineAction } from './action.ts'
import { runOf } from './run-of.ts'

const Shown = z.object({ shownAt: z.iso.datetime() })

/** Ends the self-test's round trip: a button was shown, pressed, and heard of here. */
export const doctorRoundTrip = defineAction({
  name: 'doctor-round-trip',
  async run(deps, asking, press) {
    const run = await runOf(deps, press)
    const answer = await keptAnswer(deps.records, run.id, doctor.answer)
    if (answer === undefined || press.message === undefined)
      throw new UserError({ why: 'That self-test is no longer stored.', commands: ['/mesh doctor'] })
    const milliseconds = Date.now() - Date.parse(Shown.parse(press.button.payload).shownAt)
    const message = doctorMessage(
      answer.items,
      { within: ROUND_TRIP_SECONDS, pressed: { by: asking.user, milliseconds } },
      run,
      [await runAgainButton(deps.records, run)],
    )
    await new Posts(deps).update(run.channel, press.message, message)
  },
})
