/** Every Web API method this app calls, with the bot scopes each needs (Slack: method pages). A kind of channel adds its own. */
export const METHOD_SCOPES: Readonly<Record<string, readonly string[]>> = {
  'auth.test': [],
  'chat.delete': ['chat:write'],
  'chat.getPermalink': [],
  'chat.postEphemeral': ['chat:write'],
  'chat.postMessage': ['chat:write'],
  'chat.update': ['chat:write'],
  'conversations.history': ['channels:history', 'groups:history', 'im:history'],
  'conversations.replies': ['channels:history', 'groups:history', 'im:history'],
  'files.completeUploadExternal': ['files:write'],
  'files.getUploadURLExternal': ['files:write'],
  'usergroups.users.list': ['usergroups:read'],
  'views.open': [],
  'views.update': [],
}

/** What Slack delivers to this app, with the scopes that needs. */
export const FEATURE_SCOPES: Readonly<Record<string, readonly string[]>> = {
  'slash commands': ['commands'],
  shortcuts: ['commands'],
  app_mention: ['app_mentions:read'],
}

/** The bot scopes this app needs, sorted: those in manifest.yml. */
export const REQUIRED_SCOPES: readonly string[] = [
  ...new Set([...Object.values(METHOD_SCOPES), ...Object.values(FEATURE_SCOPES)].flat()),
].sort()

const WITHOUT: Readonly<Record<string, string>> = {
  'app_mentions:read': 'mentions are not heard',
  'channels:history': 'a run that continues after a crash may post twice in public channels',
  'chat:write': 'nothing can be posted',
  commands: '/mesh and shortcuts do not exist',
  'files:write': 'long evidence and full reports cannot be uploaded',
  'groups:history': 'a run that continues after a crash may post twice in private channels',
  'im:history': 'a run that continues after a crash may post twice in direct messages',
  'usergroups:read': 'nobody is taken to be in a user group: roles and identities given to groups do not count',
}

/** What does not work without a scope. */
export const withoutScope = (scope: string): string => WITHOUT[scope] ?? 'something does not work'
