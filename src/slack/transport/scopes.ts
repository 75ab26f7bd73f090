/** Every Web API method this app calls, with the bot scopes each needs (Slack: method pages). A kind of channel adds its own. */
export const METHOD_SCOPES: Readonly<Record<string, readonly string[]>> = {
  'auth.test': [],
  'chat.delete': ['chat:write'],
  'chat.getPermalink': [],
  'chat.postEphemeral': ['chat:write'],
  'chat.postMessage': ['chat:write'],
  'chat.update': ['chat:write'],
  'conversations.history': ['channels:history', 'groups:history', 'im:history', 'mpim:history'],
  'conversations.info': ['channels:read', 'groups:read', 'mpim:read'],
  'conversations.replies': ['channels:history', 'groups:history', 'im:history', 'mpim:history'],
  'files.completeUploadExternal': ['files:write'],
  'files.getUploadURLExternal': ['files:write'],
  'usergroups.users.list': ['usergroups:read'],
  'users.info': ['users:read'],
  'views.open': [],
  'views.publish': [],
  'views.update': [],
}

/** What Slack delivers to this app, with the scopes that needs. */
export const FEATURE_SCOPES: Readonly<Record<string, readonly string[]>> = {
  'slash commands': ['commands'],
  shortcuts: ['commands'],
  app_home_opened: [],
  app_mention: ['app_mentions:read'],
  'message.im': ['im:history'],
}

/** The bot scopes this app needs, sorted: those in manifest.yml. */
export const REQUIRED_SCOPES: readonly string[] = [
  ...new Set([...Object.values(METHOD_SCOPES), ...Object.values(FEATURE_SCOPES)].flat()),
].sort()

const WITHOUT: Readonly<Record<string, string>> = {
  'app_mentions:read': 'mentions are not heard',
  'channels:history': 'a run that continues after a crash may post twice in public channels',
  'channels:read': 'nobody is answered in public channels, which may be shared with another organisation',
  'chat:write': 'nothing can be posted',
  commands: '/mesh and shortcuts do not exist',
  'files:write': 'long evidence and full reports cannot be uploaded',
  'groups:history': 'a run that continues after a crash may post twice in private channels',
  'groups:read': 'nobody is answered in private channels, which may be shared with another organisation',
  'im:history':
    'a run that continues after a crash may post twice in direct messages, and direct messages get no answer',
  'mpim:history': 'a run that continues after a crash may post twice in direct messages of several people',
  'mpim:read': 'nobody is answered in direct messages of several people',
  'usergroups:read': 'nobody counts as a member of a user group: roles and identities given to groups do not count',
  'users:read': 'nobody is answered: who asks may be a guest, or of another organisation',
}

/** What does not work without a scope. */
export const withoutScope = (scope: string): string => WITHOUT[scope] ?? 'something does not work'
