import { expect, it } from 'vitest'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import { OPERATOR_PERMISSIONS } from '../../src/evidence/permissions.ts'
import type { Permission } from '../../src/evidence/reading.ts'
import { testAccessLogRights } from '../../src/leases/access-logs/test-rights.ts'
import type { SelfTestItem } from '../../src/diagnosis/self-test.ts'
import { NEVER } from './house.ts'

const items = (allowed: (permission: Permission) => Promise<boolean>): Promise<SelfTestItem[]> =>
  testAccessLogRights(
    {
      kubernetes: {
        allowed,
        version: () => Promise.reject(new Error('not asked')),
        list: () => Promise.reject(new Error('not asked')),
        log: () => Promise.reject(new Error('not asked')),
      },
    },
    NEVER,
  )

it('asks for what deploy/manifests/operator.yaml grants', async () => {
  const asked: Permission[] = []
  const found = await items((permission) => {
    asked.push(permission)
    return Promise.resolve(true)
  })
  expect(found).toEqual([{ name: 'turn on access logs', ok: true, says: 'allowed' }])
  expect(asked).toMatchObject(OPERATOR_PERMISSIONS.map(({ verb, group, resource }) => ({ verb, group, resource })))
})

it('is content where nothing of it is granted, and says what grants it', async () => {
  const [item, ...others] = await items(() => Promise.resolve(false))
  expect(others).toEqual([])
  expect(item).toMatchObject({
    ok: true,
    says: expect.stringContaining('may not create, delete telemetries.telemetry.istio.io') as string,
    remedy: expect.stringContaining('deploy/manifests/operator.yaml') as string,
  })
})

it.each([
  ['create', 'delete'],
  ['delete', 'create'],
])('fails where only %s is granted: what was made could not be deleted, or nothing made', async (granted, missing) => {
  const found = await items(({ verb }) => Promise.resolve(verb === granted))
  expect(found).toMatchObject([
    { ok: false, says: expect.stringContaining(`may not ${missing} telemetries`) as string },
  ])
})

it('leaves it to the other permissions to say that the API server does not answer', async () => {
  expect(await items(() => Promise.reject(new UnseenError('timeout', 'no answer')))).toEqual([])
})
