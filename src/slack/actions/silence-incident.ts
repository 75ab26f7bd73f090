import { mintButton } from '../../store/buttons.ts'
import { defined } from '../../mesh/defined.ts'
import { UserError } from '../../mesh/user-error.ts'
import { SILENCE_INCIDENT, silenceIncidentView } from '../modals/silence-incident.ts'
import { mayWriteSilence } from '../incidents/silence.ts'
import { defineAction } from './action.ts'

/** Asks for how long an incident is to be quiet. */
export const silenceIncident = defineAction({
  name: SILENCE_INCIDENT,
  async run(deps, asking, { trigger, button }) {
    await mayWriteSilence(deps, asking)
    if (trigger === undefined)
      throw new UserError({ why: 'Slack did not allow a dialog to be opened.', remedies: ['Press the button again.'] })
    const { channel, team } = asking
    const { subject, id } = button.payload
    const where = await mintButton(deps.records, {
      act: `${SILENCE_INCIDENT}-view`,
      payload: { channel, subject, id, ...defined({ team }) },
      run: button.run,
      uses: 'many',
    })
    const says =
      deps.alertmanager === undefined
        ? 'mesh-medic says nothing more about this incident until then, except that it ended. The alerts themselves go on.'
        : 'Its alerts are silenced in Alertmanager until then.'
    await deps.slack.patiently('views.open', (client) =>
      client.views.open({ trigger_id: trigger, view: silenceIncidentView(where, says) }),
    )
  },
})
