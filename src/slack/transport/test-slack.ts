import type { SelfTestItem } from '../../diagnosis/self-test.ts'
import type { SlackCalls } from '../transport/calls.ts'
import { REQUIRED_SCOPES, withoutScope } from '../transport/scopes.ts'

/** Compares what the bot token may do with what this app needs. */
export async function testSlack(slack: SlackCalls): Promise<SelfTestItem[]> {
  const answer = await slack.patiently('auth.test', (client) => client.auth.test())
  const granted = answer.response_metadata?.scopes
  const identity: SelfTestItem = {
    name: 'Slack',
    ok: true,
    says: `connected as ${answer.user ?? '?'} in ${answer.team ?? '?'}`,
  }
  if (granted === undefined)
    return [
      identity,
      {
        name: 'Slack scopes',
        ok: false,
        says: 'Slack did not say which scopes the token has',
        remedy: 'Compare the scopes of the app with manifest.yml by hand.',
      },
    ]
  const missing = REQUIRED_SCOPES.filter((scope) => !granted.includes(scope))
  const remedy = 'Add it to the app (manifest.yml has the whole list) and reinstall the app.'
  return [
    identity,
    ...missing.map((scope): SelfTestItem => ({
      name: `Slack scope ${scope}`,
      ok: false,
      says: `missing: ${withoutScope(scope)}`,
      remedy,
    })),
    ...(missing.length === 0
      ? [
          {
            name: 'Slack scopes',
            ok: true,
            says: `all ${REQUIRED_SCOPES.length} that are needed: ${REQUIRED_SCOPES.join(', ')}`,
          },
        ]
      : []),
  ]
}
