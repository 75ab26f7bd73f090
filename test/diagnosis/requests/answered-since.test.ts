import { describe, expect, it } from 'vitest'
import type { Request } from '../../../src/checks/facts/requests-to.ts'
import type { RequestClass } from '../../../src/diagnosis/requests/classes.ts'
import { gotSince } from '../../../src/diagnosis/requests/answered-since.ts'
import { parseFollow } from '../../../src/diagnosis/follow/question.ts'
import { row } from './rows.ts'

const TARGET = '10.0.0.9:3000'
const classOf = (requests: Request[]): RequestClass => ({
  question: parseFollow('catalog.shop/'),
  isNamed: true,
  requests,
})

/** Connections that the target turned away before a request was read. */
const turnedAway = (remote: string): RequestClass =>
  classOf(
    row('3 tcp').map((one) => {
      const entry = { ...one.entry, downstreamRemote: remote, downstreamLocal: TARGET, code: 0, flags: ['NR'] }
      return { ...one, entry, inner: { entry, log: one.log } }
    }),
  )

/** Requests of the client 10.0.0.7 that a gateway at 10.0.0.4 forwarded: the target's line names the client. */
const forwarded = classOf(
  row('5 ok').map((one) => ({
    ...one,
    entry: { ...one.entry, authority: 'catalog.shop', upstreamLocal: '10.0.0.4:4444', upstreamHost: TARGET },
    inner: {
      entry: { ...one.entry, authority: 'catalog.shop', downstreamRemote: '10.0.0.7:0', downstreamLocal: TARGET },
      log: one.log,
    },
  })),
)

describe('what clients of connections that were turned away got later', () => {
  it.each([
    ['the gateway', '10.0.0.4:5555', 5],
    ['its client, which connects by itself too', '10.0.0.7:5555', 5],
    ['another', '10.0.0.5:5555', 0],
  ])('%s', (_, remote, got) => {
    const one = turnedAway(remote)
    expect(gotSince(one, [one, forwarded])).toHaveLength(got)
  })
})

describe('what clients of a gateway that turned connections away got later', () => {
  const atGateway = classOf(
    row('5 ok').map((one) => ({
      ...one,
      entry: { ...one.entry, authority: 'partner.example', downstreamRemote: '10.0.0.7:6000', downstreamLocal: TARGET },
    })),
  )
  it.each([
    ['the same client', '10.0.0.7:5555', 5],
    ['another', '10.0.0.5:5555', 0],
  ])('%s', (_, remote, got) => {
    const one = turnedAway(remote)
    expect(gotSince(one, [one, atGateway])).toHaveLength(got)
  })
})
