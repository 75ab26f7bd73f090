import { describe, expect, it } from 'vitest'
import { ASK_ONLY } from '../../src/fixes/policy.ts'
import { testIdentities } from '../../src/fixes/test-identities.ts'
import { policyOf } from '../../src/config/policy.ts'
import { UnseenError, type Kubernetes } from '../../src/evidence/clients/clients.ts'

const NEVER = new AbortController().signal
const POLICY = policyOf({
  identities: {
    users: {
      U0123: { user: 'ana@example.com', groups: ['mesh-medic:approvers'] },
      U1123: { user: 'ben@example.com', groups: ['mesh-medic:approvers'] },
    },
  },
})
const cluster = (allowed: Kubernetes['allowed']): { kubernetes: Kubernetes } => ({
  kubernetes: { allowed } as Kubernetes,
})

describe('the self-test of identities', () => {
  it('asks about each user and group once, and names what is missing', async () => {
    const items = await testIdentities(
      POLICY,
      cluster(({ verb, name }) => Promise.resolve(verb === 'impersonate' && name !== 'ben@example.com')),
      NEVER,
    )
    expect(items.map(({ name, ok }) => `${ok ? '✓' : '✗'} ${name}`)).toEqual([
      '✓ impersonate user mesh-medic:rehearsal',
      '✓ impersonate user ana@example.com',
      '✗ impersonate user ben@example.com',
      '✓ impersonate group mesh-medic:approvers',
    ])
    expect(items[2]?.remedy).toContain('writer.yaml')
  })

  it('says that nobody may change anything where nobody is configured', async () => {
    expect(
      await testIdentities(
        ASK_ONLY,
        cluster(() => Promise.reject(new Error('not asked'))),
        NEVER,
      ),
    ).toMatchObject([{ ok: true, says: expect.stringContaining('nobody can change anything') as string }])
  })

  it('is no success when the API server is away', async () => {
    const items = await testIdentities(
      POLICY,
      cluster(() => Promise.reject(new UnseenError('unavailable', 'the API server could not be reached'))),
      NEVER,
    )
    expect(items.every(({ ok }) => !ok)).toBe(true)
  })
})
