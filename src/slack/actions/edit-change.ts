import { editableText, hiddenIn } from '../../fixes/edit.ts'
import { denyRaw, requireEditor } from '../access/read-change.ts'
import { clean } from '../blocks/escape.ts'
import { UserError } from '../../mesh/user-error.ts'
import { EDITABLE, editChangeView } from '../modals/edit-change.ts'
import { openChangeView, refuseDecided } from '../modals/open-change-view.ts'
import { defineAction } from './action.ts'
import { changeOf } from './change-of.ts'

const PATCH = 'Press “Download patch”, edit the file, and use the command in it.'

/** Opens the change's YAML in a modal. */
export const editChange = defineAction({
  name: 'edit-change',
  async run(deps, asking, press) {
    const change = await changeOf(deps, press)
    refuseDecided(change)
    await requireEditor(deps, asking, change)
    const yaml = editableText(change)
    if (yaml === undefined)
      throw new UserError({
        why: 'It only deletes; there is no YAML to edit.',
        remedies: ['Approve it or reject it.'],
      })
    const hidden = hiddenIn(change)
    const denied = hidden.length === 0 ? undefined : await denyRaw(deps, asking.user, change)
    if (denied !== undefined)
      throw new UserError({
        why: `It holds values that are hidden as secrets: ${hidden.slice(0, 5).join(', ')}. ${denied.why}`,
        remedies: denied.remedies,
        named: denied.named,
      })
    if (yaml.length > EDITABLE)
      throw new UserError({
        why: `Its YAML is too long for Slack: ${yaml.length.toLocaleString('en')} characters, and a dialog holds ${EDITABLE.toLocaleString('en')}.`,
        remedies: [PATCH],
      })
    if (clean(yaml) !== yaml)
      throw new UserError({ why: 'Its YAML has characters that Slack does not show.', remedies: [PATCH] })
    await openChangeView(deps, asking, press, change, (where) => editChangeView(where, yaml))
  },
})
