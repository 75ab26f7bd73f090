import { Refusal } from '../refusal.ts'
import { findChannel } from './channel-access.ts'
import type { MethodFamily } from './method.ts'

export const reactions: MethodFamily = {
  'reactions.add': {
    token: 'bot',
    scopes: ['reactions:write'],
    run(args, here) {
      const channel = findChannel(here, args.required('channel'))
      const timestamp = args.required('timestamp')
      if (!/^\d+\.\d+$/.test(timestamp)) throw new Refusal('bad_timestamp')
      const message = here.workspace.message(channel.id, timestamp)
      const name = args.required('name')
      if (!/^[a-z0-9_+'-]+(::skin-tone-[2-6])?$/.test(name)) throw new Refusal('invalid_name')
      if (message === undefined || message.isTombstone === true) throw new Refusal('message_not_found')
      if (channel.isArchived === true) throw new Refusal('is_archived')
      const { userId } = here.workspace.app
      if (message.reactions.some((reaction) => reaction.name === name && reaction.users.includes(userId)))
        throw new Refusal('already_reacted')
      here.workspace.addReaction(message, name, userId)
      return {}
    },
  },
}
