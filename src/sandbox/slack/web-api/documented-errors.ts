/** What the page of every method lists, beside its own errors. */
const EVERYWHERE = [
  'access_denied',
  'accesslimited',
  'account_inactive',
  'deprecated_endpoint',
  'ekm_access_denied',
  'enterprise_is_restricted',
  'fatal_error',
  'internal_error',
  'invalid_arg_name',
  'invalid_arguments',
  'invalid_array_arg',
  'invalid_auth',
  'invalid_charset',
  'invalid_form_data',
  'invalid_post_type',
  'method_deprecated',
  'missing_post_type',
  'missing_scope',
  'no_permission',
  'not_allowed_token_type',
  'not_authed',
  'org_login_required',
  'ratelimited',
  'request_timeout',
  'service_unavailable',
  'team_access_not_granted',
  'team_added_to_org',
  'token_expired',
  'token_revoked',
  'two_factor_setup_required',
  // Of a body in JSON: https://docs.slack.dev/apis/web-api#errors
  'invalid_json',
  'json_not_object',
] as const

/**
 * The errors that Slack documents for methods whose list was compared word for word; one of these gives no other.
 * @see https://docs.slack.dev/reference/methods
 */
export const DOCUMENTED_ERRORS: Readonly<Record<string, ReadonlySet<string>>> = Object.fromEntries(
  Object.entries({
    'apps.connections.open': ['forbidden_team', 'insecure_request', 'missing_args'],
    'auth.test': [],
    'files.completeUploadExternal': [
      'channel_not_found',
      'channels_limit_exceeded',
      'file_not_found',
      'file_update_failed',
      'invalid_blocks',
      'invalid_channel',
      'not_in_channel',
      'posting_to_channel_denied',
    ],
  }).map(([method, own]) => [method, new Set<string>([...EVERYWHERE, ...own])]),
)

/** @throws TypeError for an error that Slack does not document for a method */
export function assertDocumentedError(method: string, error: string): void {
  if (DOCUMENTED_ERRORS[method]?.has(error) === false)
    throw new TypeError(`Slack documents no error ${error} for ${method}`)
}
