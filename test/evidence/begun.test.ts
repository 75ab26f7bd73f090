import { expect, it } from 'vitest'
import { begun } from '../../src/evidence/clients/begun.ts'
import { UnseenError } from '../../src/evidence/clients/clients.ts'

const signal = new AbortController().signal
const STATUS = ['proxy-status', '-o', 'json']

it('a command that was begun runs before it is asked for, answers once, and then runs anew', async () => {
  const ran: string[] = []
  const istioctl = begun(
    {
      run: (args) => (ran.push(args.join(' ')), Promise.resolve(`answer ${ran.length}`)),
      changedAt: () => new Date(7),
    },
    STATUS,
    signal,
  )
  expect(ran).toEqual(['proxy-status -o json'])
  expect(await istioctl.run(['proxy-status', '--revision', 'canary', '-o', 'json'], signal)).toBe('answer 2')
  expect(await istioctl.run([...STATUS], signal)).toBe('answer 1')
  expect(await istioctl.run([...STATUS], signal)).toBe('answer 3')
  expect(istioctl.changedAt?.({ kind: 'Pod', name: 'a' })).toEqual(new Date(7))
})

it('who asks for it hears why it failed', async () => {
  let failures = 0
  const istioctl = begun(
    {
      run: () => {
        failures += 1
        return failures === 1 ? Promise.reject(new UnseenError('unavailable', 'no istiod')) : Promise.resolve('[]')
      },
    },
    STATUS,
    signal,
  )
  await new Promise((resolve) => setImmediate(resolve))
  await expect(istioctl.run(STATUS, signal)).rejects.toMatchObject({ reason: 'unavailable', message: 'no istiod' })
  expect(await istioctl.run(STATUS, signal)).toBe('[]')
})
