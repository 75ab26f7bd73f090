import type { Fields, Person } from '../records.ts'
import { Refusal } from '../refusal.ts'
import type { MethodFamily, Surroundings } from './method.ts'

const userJson = (person: Person, here: Surroundings): Fields => ({
  id: person.id,
  team_id: person.team ?? here.workspace.app.teamId,
  name: person.name,
  real_name: person.name,
  tz: person.timezone ?? 'Etc/UTC',
  deleted: person.isDeactivated === true,
  is_bot: person.isBot === true,
  // Slack says nothing more of whoever is deactivated.
  ...(person.isDeactivated === true
    ? {}
    : {
        is_restricted: person.guest !== undefined,
        is_ultra_restricted: person.guest === 'single-channel',
      }),
  ...(person.team === undefined ? {} : { is_stranger: true }),
  profile: { display_name: person.name, real_name: person.name },
})

export const users: MethodFamily = {
  'users.info': {
    token: 'bot',
    scopes: ['users:read'],
    run(args, here) {
      const { app, people } = here.workspace
      const id = args.required('user')
      const person = id === app.userId ? { id, name: app.name, isBot: true } : people.get(id)
      if (person === undefined) throw new Refusal('user_not_found')
      return { user: userJson(person, here) }
    },
  },
  'bots.info': {
    token: 'bot',
    scopes: ['users:read'],
    run(args, here) {
      const { app } = here.workspace
      if (args.required('bot') !== app.botId) throw new Refusal('bot_not_found')
      return { bot: { id: app.botId, app_id: app.appId, user_id: app.userId, name: app.name, deleted: false } }
    },
  },
}
