import type { Person, UserGroup } from './records.ts'
import type { AppIdentity } from './workspace.ts'

/** Who the app is unless the options say otherwise. */
export const DEFAULT_APP: AppIdentity = {
  appId: 'A_MEDIC',
  botId: 'B_MEDIC',
  userId: 'U_MEDIC',
  name: 'mesh-medic',
  teamId: 'T_MESH',
  teamName: 'mesh',
}

export const DEFAULT_PEOPLE: readonly Person[] = [
  { id: 'U_ONCALL', name: 'oncall' },
  { id: 'U_SECOND', name: 'second' },
  { id: 'U_VISITOR', name: 'visitor' },
]

export const DEFAULT_GROUPS: readonly UserGroup[] = [{ id: 'S_OWNERS', handle: 'mesh-owners', users: ['U_SECOND'] }]

export const DEFAULT_CHANNELS = [{ id: 'C_MESH', name: 'mesh' }] as const

/** All that Mesh Medic could ask for. */
export const DEFAULT_SCOPES: readonly string[] = [
  'app_mentions:read',
  'channels:history',
  'channels:read',
  'chat:write',
  'commands',
  'files:read',
  'files:write',
  'groups:history',
  'groups:read',
  'im:history',
  'im:read',
  'im:write',
  'mpim:history',
  'mpim:read',
  'reactions:write',
  'usergroups:read',
  'users:read',
]

export const DEFAULT_TIMES = {
  acknowledgeWithin: 3_000,
  trigger: 3_000,
  responseUrl: 30 * 60_000,
  eventRetries: [0, 60_000, 300_000],
  ping: 10_000,
} as const

/** A response_url may be used this often. */
export const RESPONSE_URL_USES = 5

/** Events of the app's manifest unless the options say otherwise. */
export const DEFAULT_EVENTS: readonly string[] = ['app_mention', 'app_home_opened', 'message.im']
