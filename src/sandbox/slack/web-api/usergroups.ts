import { Refusal } from '../refusal.ts'
import type { MethodFamily } from './method.ts'

export const usergroups: MethodFamily = {
  'usergroups.users.list': {
    token: 'bot',
    scopes: ['usergroups:read'],
    run(args, here) {
      const group = here.workspace.groups.get(args.required('usergroup'))
      if (group === undefined) throw new Refusal('no_such_subteam')
      return { users: group.users }
    },
  },
}
