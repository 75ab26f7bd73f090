import { describe, expect, it } from 'vitest'
import { policyOf } from '../../src/config/policy.ts'
import { authorise } from '../../src/fixes/authorise.ts'
import { UserError } from '../../src/mesh/user-error.ts'
import { sampleChange } from '../slack/blocks/change-samples.ts'

/** U_ASKED and U_OTHER are one person in Kubernetes, as no configuration file may say. */
const policy = policyOf({
  channels: { C_MESH: { roles: { approver: { users: ['U_ASKED', 'U_OTHER', 'U_SECOND'] } } } },
  identities: {
    users: {
      U_ASKED: { user: 'ana@example.com' },
      U_OTHER: { user: 'Ana@example.com' },
      U_SECOND: { user: 'bo@example.com' },
    },
  },
})
const change = sampleChange({ channel: 'C_MESH', requester: { user: 'U_ASKED', at: '2026-11-24T00:00:00.000Z' } })
const by = (user: string) => ({ user, channel: 'C_MESH', groups: [] })

describe.each(['approve', 'undo'] as const)('four eyes, to %s', (verb) => {
  it('are not two of one person, by another Slack account either', () => {
    for (const user of ['U_ASKED', 'U_OTHER']) {
      const answer = authorise(policy, change, by(user), verb)
      expect(answer).toBeInstanceOf(UserError)
      expect((answer as UserError).why).toMatch(/You asked for this change yourself/)
    }
  })

  it('are two of two', () => {
    expect(authorise(policy, change, by('U_SECOND'), verb)).toEqual({
      identity: { user: 'bo@example.com', groups: [] },
    })
  })
})
