import { auth } from './auth.ts'
import { chat } from './chat.ts'
import { conversations } from './conversations.ts'
import { files } from './files.ts'
import type { MethodFamily } from './method.ts'
import { reactions } from './reactions.ts'
import { usergroups } from './usergroups.ts'
import { users } from './users.ts'
import { views } from './views.ts'

/** Every Web API method that the stand-in has; anything else is `unknown_method`. */
export const METHODS: MethodFamily = {
  ...auth,
  ...chat,
  ...conversations,
  ...files,
  ...reactions,
  ...usergroups,
  ...users,
  ...views,
}
