import type { ModalView } from '@slack/types'
import { WebAPIPlatformError } from '@slack/web-api'
import { UserError } from '../../mesh/user-error.ts'
import { userErrorOf } from '../access/user-error-of.ts'
import type { SlackDeps } from '../deps.ts'

/**
 * Opens a modal at once, and fills it when what it asks for has been read: a modal has to open within 3 s of the press.
 * @param typed what is said to have been asked, where reading fails
 * @throws UserError when Slack gave nothing to open it with; what `filled` throws, after it was told in the modal
 */
export async function openThenFill(
  deps: SlackDeps,
  trigger: string | undefined,
  { reading, filled, none }: { reading: ModalView; filled: () => Promise<ModalView>; none: (why: string) => ModalView },
  typed: string,
): Promise<void> {
  if (trigger === undefined)
    throw new UserError({ why: 'Slack did not allow a dialog to be opened.', remedies: ['Press the button again.'] })
  const { view } = await deps.slack.patiently('views.open', (client) =>
    client.views.open({ trigger_id: trigger, view: reading }),
  )
  const id = view?.id
  if (id === undefined) return
  try {
    await update(deps, id, await filled())
  } catch (error) {
    const { why, remedies } = userErrorOf(error, typed)
    const isKnown = error instanceof UserError
    await update(deps, id, none(isKnown ? [why, ...remedies].join(' ') : why)).catch(() => undefined)
    if (!isKnown) throw error
  }
}

/** Shows a modal's next state, unless the person has closed it. */
async function update({ slack }: SlackDeps, id: string, view: ModalView): Promise<void> {
  try {
    await slack.patiently('views.update', (client) => client.views.update({ view_id: id, view }))
  } catch (error) {
    if (!(error instanceof WebAPIPlatformError && error.data.error === 'not_found')) throw error
  }
}
