const MESSAGE = ['as_user', 'attachments', 'blocks', 'link_names', 'markdown_text', 'parse', 'text'] as const
const AUTHOR = ['icon_emoji', 'icon_url', 'username'] as const
const PAGE = ['channel', 'cursor', 'include_all_metadata', 'inclusive', 'latest', 'limit', 'oldest'] as const

/**
 * The arguments that Slack documents for each method, beside the token. Slack passes over others without a word, so that nobody notices what has no effect; here they
 * are refused.
 * @see https://docs.slack.dev/reference/methods
 */
export const DOCUMENTED: Readonly<Record<string, readonly string[]>> = {
  'apps.connections.open': [],
  'auth.test': [],
  'bots.info': ['bot', 'team_id'],
  'chat.delete': ['as_user', 'channel', 'ts'],
  'chat.getPermalink': ['channel', 'message_ts'],
  'chat.postEphemeral': ['channel', 'thread_ts', 'user', ...AUTHOR, ...MESSAGE],
  'chat.postMessage': [
    'channel',
    'metadata',
    'mrkdwn',
    'reply_broadcast',
    'thread_ts',
    'unfurl_links',
    'unfurl_media',
    ...AUTHOR,
    ...MESSAGE,
  ],
  'chat.update': ['channel', 'file_ids', 'metadata', 'reply_broadcast', 'ts', 'unfurled_attachments', ...MESSAGE],
  'conversations.history': PAGE,
  'conversations.info': ['channel', 'include_locale', 'include_num_members'],
  'conversations.open': ['channel', 'prevent_creation', 'return_im', 'users'],
  'conversations.replies': ['ts', ...PAGE],
  'files.completeUploadExternal': [
    'blocks',
    'channel_id',
    'channels',
    'files',
    'initial_comment',
    'thread_ts',
    ...AUTHOR,
  ],
  'files.getUploadURLExternal': ['alt_txt', 'filename', 'length', 'snippet_type'],
  'files.info': ['count', 'cursor', 'file', 'limit', 'page'],
  'reactions.add': ['channel', 'name', 'timestamp'],
  'usergroups.users.list': ['include_disabled', 'team_id', 'usergroup'],
  'users.info': ['include_locale', 'user'],
  'views.open': ['interactivity_pointer', 'trigger_id', 'view'],
  'views.publish': ['hash', 'user_id', 'view'],
  'views.push': ['interactivity_pointer', 'trigger_id', 'view'],
  'views.update': ['external_id', 'hash', 'view', 'view_id'],
}

/** What an argument holds; one that is not here is text. */
type Kind = 'flag' | 'number' | 'json'

const KINDS: Readonly<Record<string, Kind>> = {
  ...Object.fromEntries(
    [
      'as_user',
      'delete_original',
      'include_all_metadata',
      'include_disabled',
      'include_locale',
      'include_num_members',
      'inclusive',
      'link_names',
      'mrkdwn',
      'prevent_creation',
      'replace_original',
      'reply_broadcast',
      'return_im',
      'unfurl_links',
      'unfurl_media',
    ].map((name) => [name, 'flag'] as const),
  ),
  ...Object.fromEntries(['count', 'length', 'limit', 'page'].map((name) => [name, 'number'] as const)),
  // Told apart by who reads them: each has an error of its own.
  ...Object.fromEntries(
    ['attachments', 'blocks', 'file_ids', 'files', 'metadata', 'unfurled_attachments', 'view'].map(
      (name) => [name, 'json'] as const,
    ),
  ),
}

const FLAGS: readonly unknown[] = [true, false, 'true', 'false', '1', '0', 1, 0]

const fits = (kind: Kind | undefined, value: unknown): boolean => {
  if (kind === 'json') return true
  if (kind === 'flag') return FLAGS.includes(value)
  if (kind === 'number') return typeof value === 'number' || (typeof value === 'string' && /^-?\d+$/.test(value))
  return typeof value === 'string'
}

/** Arguments whose values are not of the documented type: text, a boolean or a whole number. What is null or empty was not given. */
export const ofWrongType = (given: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(given)
    .filter(([name, value]) => value !== null && value !== undefined && value !== '' && !fits(KINDS[name], value))
    .map(([name]) => name)

/**
 * What a response_url takes: a message as chat.postMessage does, and what becomes of the one that was there. `thread_ts` is documented for what everybody sees.
 * @see https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
 */
export const DOCUMENTED_RESPONSE: readonly string[] = [
  'attachments',
  'blocks',
  'delete_original',
  'metadata',
  'mrkdwn',
  'replace_original',
  'response_type',
  'text',
  'thread_ts',
  'unfurl_links',
  'unfurl_media',
]
