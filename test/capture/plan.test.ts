import { expect, it } from 'vitest'
import { HEADERS_ONLY, planCapture, planText, tcpdumpArguments, WHOLE_PACKETS } from '../../src/capture/plan.ts'
import { UserError } from '../../src/mesh/user-error.ts'

it('headers of what is on lo, for half a minute, unless something else is asked for', () => {
  expect(planCapture({})).toMatchObject({ interface: 'lo', seconds: 30, snapLength: HEADERS_ONLY })
  expect(planCapture({ payload: true, for: '2m', interface: 'eth0' })).toMatchObject({
    interface: 'eth0',
    seconds: 120,
    snapLength: WHOLE_PACKETS,
  })
  expect(planText(planCapture({ port: '3000', peer: '10.0.0.1' }))).toBe(
    'lo, port 3000, peer 10.0.0.1, for 30 s, the first 160 bytes of each packet',
  )
})

it('the filter is made of numbers and addresses; packets are limited by what they may take', () => {
  const words = tcpdumpArguments(planCapture({ port: '3000', peer: '2001:DB8::1' }))
  expect(words.at(-1)).toBe('tcp and port 3000 and host 2001:db8::1')
  expect(words.slice(0, 2)).toEqual(['-i', 'lo'])
  const most = Number(words[words.indexOf('-c') + 1])
  expect(most * (HEADERS_ONLY + 16)).toBeLessThanOrEqual(10 * 1024 * 1024)
  expect(tcpdumpArguments(planCapture({})).at(-1)).toBe('tcp')
})

it.each([
  { port: '3000 or port 1' },
  { port: '0' },
  { port: '65536' },
  { port: '-1' },
  { port: '1e3.5' },
  { peer: 'catalog.shop' },
  { peer: '10.0.0.1 or host 10.0.0.2' },
  { peer: '10.0.0.256' },
  { peer: '$(reboot)' },
  { peer: '::1%lo' },
  { interface: 'eth1' },
  { interface: 'lo -w /etc/passwd' },
  { for: '0s' },
  { for: '6m' },
  { for: '30 s; reboot' },
])('nothing else passes: %j', (asked) => {
  expect(() => planCapture(asked)).toThrow(UserError)
})
