import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AlertDeskOptions } from '../../src/slack/incidents/alert-desk.ts'
import type { WebhookSecrets } from '../../src/webhooks/authenticate.ts'
import { openHouse, type House } from './house.ts'

/** The channel that takes alerts. */
export const CHANNEL = 'C_MESH'
export const TOKEN = 'a-token-of-the-tests'

/** A house with webhooks for alerts. */
export interface AlertHouse extends House {
  /** Posts to a webhook; the token is the right one unless headers say otherwise. */
  post(source: string, body: unknown, headers?: Record<string, string>): Promise<{ status: number; text: string }>
}

/** Opens one; edits are soon. */
export async function openAlertHouse({
  alerts = {},
  secrets = { token: TOKEN },
  ...given
}: Parameters<typeof openHouse>[0] & {
  alerts?: Partial<AlertDeskOptions>
  secrets?: WebhookSecrets
} = {}): Promise<AlertHouse> {
  const house = await openHouse({
    ...given,
    options: {
      ...given.options,
      alerts: {
        routing: { channels: [{ channel: CHANNEL }] },
        editEvery: 200,
        sweepEvery: 50,
        secrets,
        ...alerts,
      },
    },
  })
  const server = createServer((request, response) => {
    if (house.bot.alerts?.(request, response) !== true) response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    ...house,
    async post(source, body, headers = { authorization: `Bearer ${TOKEN}` }) {
      const response = await fetch(`http://127.0.0.1:${port}/alerts/${source}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body:
          typeof body === 'string' || body instanceof Buffer ? new Uint8Array(Buffer.from(body)) : JSON.stringify(body),
      })
      return { status: response.status, text: await response.text() }
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await house.close()
    },
  }
}
