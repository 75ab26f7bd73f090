import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { AuditHeadPublisher } from '../../src/capabilities/publish-audit-head.ts'
import { recordAudit } from '../../src/store/audit.ts'
import { isSigned, type AuditHead } from '../../src/store/audit-head.ts'
import { rememberingLog } from '../slack/house.ts'
import { memoryRecords } from '../store/memory-records.ts'

const KEY = 'a key that nobody who writes to the store has'
const received: AuditHead[] = []
let status = 200
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => (body += chunk.toString()))
  request.on('end', () => {
    if (status === 200) received.push(JSON.parse(body) as AuditHead)
    response.writeHead(status).end()
  })
})
afterEach(() => server.close())

it('publishes each new head in the log and by the webhook, until it was taken; a changed audit is an error', async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const webhook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/heads`
  const records = memoryRecords()
  const { log, logged } = rememberingLog()
  const publisher = new AuditHeadPublisher(records, log, { key: KEY, webhook })
  const record = () => recordAudit(records, { event: 'fix-applied', by: { user: 'U1' }, facts: {} })
  await record()
  await publisher.publish()
  await publisher.publish()
  status = 503
  await record()
  await publisher.publish()
  status = 200
  await publisher.publish()
  expect(received.map(({ sequence }) => sequence)).toEqual([1, 2])
  expect(received.every((head) => isSigned(head, KEY))).toBe(true)
  const said = JSON.stringify(logged)
  expect(received.every(({ head, signature }) => said.includes(head) && said.includes(signature!))).toBe(true)
  expect(said).not.toContain(KEY)
  await records.write('audit-head', 'head', { ...received[1]!, head: 'ab'.repeat(32) })
  await publisher.publish()
  expect(logged.at(-1)).toMatchObject({ level: 'error' })
})
