import { describe, expect, it } from 'vitest'
import type { Request } from '../../../src/checks/facts/requests-to.ts'
import { presentOf, type Present } from '../../../src/diagnosis/requests/present.ts'
import type { AccessLogLine } from '../../../src/mesh/access-log.ts'
import { MOMENT, row } from './rows.ts'

describe('how requests stand now', () => {
  it.each<[name: string, row: string, state: Present['state'], requests: number, failed: number]>([
    ['nobody asked', '-5 ok', 'none', 0, 0],
    ['all are answered', '10 ok', 'answered', 10, 0],
    ['all fail', '10 empty', 'fails', 10, 10],
    ['a share fails, all along', '3 ok, 1 empty, 3 ok, 1 empty, 2 ok, 1 empty', 'fails', 11, 3],
    ['failures from before the change', '-10 empty, 10 ok', 'answered', 10, 0],
    ['failures while the change took effect', '2 empty, 10 ok', 'over', 12, 2],
    ['a trouble in the middle of many answers', '40 ok, 14 empty, 1 ok, 2 empty, 20 ok', 'over', 77, 16],
    ['a few failures close together among many answers', '40 ok, 4 empty, 6 ok', 'over', 50, 4],
    ['as many of them apart', '14 ok, 1 empty, 14 ok, 1 empty, 12 ok, 2 empty, 6 ok', 'fails', 50, 4],
    [
      'two troubles within a minute, both past',
      '27 ok, 3 empty, 1 ok, 6 empty, 1 ok, 1 empty, 21 ok, 5 empty, 13 ok',
      'over',
      78,
      15,
    ],
    [
      'the same, of which the second goes on',
      '27 ok, 3 empty, 1 ok, 6 empty, 1 ok, 1 empty, 21 ok, 5 empty, 1 ok',
      'fails',
      6,
      5,
    ],
    [
      'three within as short a time, the first two of which are past',
      '3 ok, 5 empty, 9 ok, 5 empty, 9 ok, 5 empty, 5 ok',
      'fails',
      19,
      5,
    ],
    [
      'half of them, and by chance none of the last few',
      '1 ok, 1 empty, 1 ok, 5 empty, 1 ok, 2 empty, 5 ok',
      'fails',
      16,
      8,
    ],
    ['a share that fails, two of them at once', '2 empty, 12 ok, 1 empty, 1 ok', 'fails', 16, 3],
    ['a trouble that is past, and one that goes on', '16 empty, 6 ok, 16 empty', 'fails', 22, 16],
    [
      'a share that fails all along, with answers last',
      '10 ok, 3 empty, 10 ok, 3 empty, 10 ok, 4 empty, 12 ok',
      'fails',
      52,
      10,
    ],
    ['one failure among many', '5 ok, 1 broken, 5 ok', 'few', 11, 1],
    ['one failure, the only request', '1 empty', 'few', 1, 1],
    ['two of a hundred', '30 ok, 1 broken, 30 ok, 1 broken, 38 ok', 'few', 100, 2],
    ['a policy refuses every request', '5 rbac', 'fails', 5, 5],
    ['a limit refuses a share', '4 ok, 2 limited, 4 ok, 2 limited', 'fails', 12, 4],
    [
      'three troubles, of which the last goes on and is of another sort',
      '2 ok, 14 rbac, 16 ok, 12 rbac, 12 ok, 2 empty, 2 ok, 4 empty, 3 ok, 4 empty, 1 ok',
      'fails',
      28,
      10,
    ],
    ['a deletion that leaves no trace', '-20 ok, -4 nr', 'fails', 4, 4],
    ['the same deletion, taken back', '-20 ok, -4 nr, 10 ok', 'answered', 10, 0],
    ['an application that declines every request', '10 unknown', 'answered', 10, 0],
    ['an application that sends every request elsewhere', '10 moved', 'answered', 10, 0],
    ['an application that declined already before', '-10 unknown, 10 unknown', 'answered', 10, 0],
    ['an application that declines from a moment on', '-10 ok, 6 unknown', 'fails', 6, 6],
    ['the same after an earlier trouble of the mesh', '-3 ok, -3 nr, -3 ok, -3 nr, -3 ok, 6 unknown', 'fails', 6, 6],
    ['a route that sends elsewhere from a moment on', '-10 ok, 6 redirect', 'fails', 6, 6],
    ['tokens that are refused from a moment on', '10 ok, 5 token', 'fails', 5, 5],
    ['some tokens that are refused', '5 ok, 1 token, 5 ok, 2 token', 'answered', 13, 0],
    ['the same after an earlier one, which is past', '-6 ok, -16 unknown, -40 ok, 16 unknown', 'fails', 16, 16],
    ['the same, all of it from before the last change', '-6 ok, -16 unknown, -40 ok, -16 unknown', 'none', 0, 0],
    ['an earlier one, which is past', '-6 ok, -16 unknown, -40 ok, 16 ok', 'answered', 16, 0],
    ['some in a row of an application that often declines', '-6 ok, -16 unknown, -40 ok, 6 unknown', 'answered', 6, 0],
    ['too few to tell', '-10 ok, 3 unknown', 'answered', 3, 0],
    ['answered again', '10 ok, 6 unknown, 10 ok', 'answered', 26, 0],
    ['callers that hang up', '10 gone', 'none', 0, 0],
    ['callers that all hang up from a moment on', '10 ok, 6 gone', 'fails', 6, 6],
    ['most of which hang up, before the proxy itself gives up', '-10 ok, 5 gone, 1 tcpFailed, 2 gone', 'fails', 8, 8],
    ['that all hang up since a change, after other failures', '-2 ok, -9 broken, 6 gone', 'fails', 6, 6],
    ['of which one was answered since', '-2 ok, -9 broken, 1 ok, 6 gone', 'answered', 1, 0],
    ['answered again after they hung up', '10 ok, 6 gone, 10 ok', 'answered', 20, 0],
    ['callers that hang up among others', '5 ok, 5 gone', 'answered', 5, 0],
    ['a slow spell that is past', '1 late, 1 near, 4 late, 10 quick', 'over', 16, 5],
    ['a timeout to which answers come close', '1 late, 1 near, 3 late, 1 near, 1 late, 9 near', 'fails', 16, 5],
    ['most of which are quick', '1 late, 1 near, 3 late, 1 near, 1 late, 7 quick, 2 near', 'fails', 16, 5],
    ['one of them only', '1 late, 100 near', 'over', 101, 1],
    ['connections that are carried', '4 tcp', 'answered', 4, 0],
    ['connections that nobody takes', '4 tcpFailed', 'fails', 4, 4],
  ])('%s (%s): %s', (_, text, state, requests, failed) => {
    const present = presentOf(row(text), MOMENT)
    expect({ state: present.state, requests: present.requests, failed: present.failures.length }).toEqual({
      state,
      requests,
      failed,
    })
  })

  it('says since when it fails', () => {
    const requests = row('-10 ok, 6 unknown')
    expect(presentOf(requests, MOMENT).since).toBe(requests[10]?.entry.at)
    expect(presentOf(row('2 empty, 10 ok'), MOMENT).since).toBeUndefined()
  })

  it.each([
    ['refused by a policy, which may have been the old one', 'rbac', 'answered'],
    ['failed otherwise', 'empty', 'fails'],
  ] as const)('counts what went over a connection from before the change and was %s', (_, line, state) => {
    const requests = row(`5 ok, 3 ${line}, 2 ok`).map((one) => ({
      ...one,
      entry: { ...one.entry, upstreamLocal: '10.0.0.1:4000' },
    }))
    const [first] = requests
    const before = { ...first?.entry, at: new Date(MOMENT - 1000).toISOString() } as AccessLogLine
    const log = { ...first?.log, value: { lines: [before], unreadable: 0 } } as unknown as Request['log']
    expect(
      presentOf(
        requests.map((one) => ({ ...one, log })),
        MOMENT,
      ).state,
    ).toBe(state)
  })

  it('counts refusals of those that were allowed until the change, whatever connection they came over', () => {
    const requests = row('-5 ok, 3 rbac').map((one) => ({
      ...one,
      entry: { ...one.entry, upstreamLocal: '10.0.0.1:4000' },
    }))
    const log = {
      ...requests[0]?.log,
      value: { lines: requests.map(({ entry }) => entry), unreadable: 0 },
    } as unknown as Request['log']
    expect(
      presentOf(
        requests.map((one) => ({ ...one, log })),
        MOMENT,
      ).state,
    ).toBe('fails')
  })

  it('takes requests in the order in which they came, whatever log has them', () => {
    expect(presentOf(row('2 empty, 10 ok').toReversed(), MOMENT).state).toBe('over')
    expect(presentOf(row('10 ok, 2 empty').toReversed(), MOMENT).state).toBe('fails')
  })
})
