import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { SlackCalls } from '../../src/slack/transport/calls.ts'
import { rememberingLog } from './house.ts'

it.each([403, 404, 409, 500])('a call that a proxy before Slack answers with %i is made again', async (status) => {
  let asked = 0
  const server = createServer((_, response) => {
    asked += 1
    response.writeHead(asked === 1 ? status : 200, { 'content-type': 'application/json' })
    response.end(asked === 1 ? 'no' : '{"ok":true,"ts":"1.1"}')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`
  const calls = new SlackCalls({ token: 'none', apiUrl, log: rememberingLog().log, pauses: [1], postEvery: 0 })
  const post = calls.patiently('chat.postMessage', (client) => client.chat.postMessage({ channel: 'C', text: 'x' }))
  expect(await post).toMatchObject({ ok: true, ts: '1.1' })
  expect(asked).toBe(2)
  server.closeAllConnections()
  server.close()
})
