import type { KnownBlock } from '@slack/types'

/** What a response_url takes here. */
export interface Response {
  text: string
  blocks: readonly KnownBlock[]
  response_type: 'ephemeral'
  replace_original: false
}

/** Answers a request through its response_url. @throws when Slack does not take it */
export type Respond = (response: Response) => Promise<void>

/** Milliseconds that Slack may take. */
const PATIENCE = 10_000

/**
 * Answers through a response_url, which works for 30 minutes after the request, whichever process does it.
 * @see https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
 */
export const respondTo =
  (url: string): Respond =>
  async (response) => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(response),
      signal: AbortSignal.timeout(PATIENCE),
    })
    if (!answer.ok)
      throw new Error(`Slack did not accept a response: ${answer.status} ${(await answer.text()).slice(0, 100)}`)
  }
