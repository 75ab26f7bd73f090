import { expect, it } from 'vitest'
import { CallerError } from '../../src/diagnosis/follow/caller.ts'
import { FollowSyntaxError } from '../../src/diagnosis/follow/question.ts'
import { UnknownNamespaceError } from '../../src/diagnosis/mesh-status.ts'
import { AmbiguousTargetError, UnknownTargetError } from '../../src/diagnosis/target-errors.ts'
import { EditError } from '../../src/fixes/manifest.ts'
import { LeaseRefusedError } from '../../src/leases/lease-refused.ts'
import { parseTarget, TargetSyntaxError } from '../../src/mesh/target-query.ts'
import { UserError } from '../../src/mesh/user-error.ts'
import { userErrorOf } from '../../src/slack/access/user-error-of.ts'
import { ChannelClosedError, SlackUnavailableError } from '../../src/slack/transport/slack-trouble.ts'
import { StoreUnavailableError } from '../../src/store/records.ts'

const query = parseTarget('catalgo', 'shop')
const pod = { kind: 'Pod', name: 'x' }

it.each<[string, Error, { code: string; commands?: readonly string[]; remedies?: readonly string[] }]>([
  [
    'an unknown target: the nearest, as they are asked for',
    new UnknownTargetError(query, 'service catalgo', ['catalog', 'catalog.book'], { namespace: 'shop' }),
    { code: 'unknown-target', commands: ['/mesh diagnose catalog -n shop', '/mesh diagnose catalog.book'] },
  ],
  [
    'an unknown namespace of a target: the same target elsewhere',
    new UnknownTargetError(query, 'namespace shpo', ['shop'], { missing: 'namespace' }),
    { code: 'unknown-target', commands: ['/mesh diagnose catalgo -n shop'] },
  ],
  [
    'a target whose own name speaks of no namespace: it is a target all the same',
    new UnknownTargetError(parseTarget('deploy/no-namespace'), 'deployment no namespace', ['web.shop']),
    { code: 'unknown-target', commands: ['/mesh diagnose deploy/web -n shop'] },
  ],
  [
    'several of a name: each',
    new AmbiguousTargetError(query, [
      { ...pod, namespace: 'a' },
      { ...pod, namespace: 'b' },
    ]),
    { code: 'ambiguous-target', commands: ['/mesh diagnose catalgo -n a', '/mesh diagnose catalgo -n b'] },
  ],
  [
    'a namespace',
    new UnknownNamespaceError('shpo', ['shop']),
    { code: 'unknown-namespace', commands: ['/mesh status shop'] },
  ],
  [
    'a caller',
    new CallerError('Which caller?', ['deploy/web']),
    { code: 'unknown-target', commands: ['/mesh follow catalgo --from deploy/web'] },
  ],
  [
    'a target that means nothing',
    new TargetSyntaxError('--', 'No.'),
    { code: 'target-syntax', commands: ['/mesh diagnose catalog -n shop', '/mesh help'] },
  ],
  [
    'a request that means nothing',
    new FollowSyntaxError('--', 'No.'),
    {
      code: 'target-syntax',
      commands: [expect.stringContaining('/mesh follow ') as string, expect.anything() as string],
    },
  ],
  ['a lease', new LeaseRefusedError('No.', ['Less.']), { code: 'lease-refused', remedies: ['Less.'] }],
  ['an edit', new EditError('No.', 3), { code: 'edit' }],
  [
    'a closed channel',
    new ChannelClosedError('is_archived'),
    { code: 'channel-closed', remedies: ['Ask in another channel.'] },
  ],
])('%s', (_what, error, told) => {
  const shown = userErrorOf(error, 'catalgo')
  expect(shown).toMatchObject({ why: error.message, commands: [], remedies: [], ...told })
})

it.each([
  ['the store is away', new StoreUnavailableError('read'), 'its store and queue do not answer'],
  ['Slack is away', new SlackUnavailableError('no answer of 10.0.0.1'), 'Slack does not accept messages at the moment'],
  ['a mistake of ours', new TypeError('password of 10.0.0.1'), 'Internal error'],
])('%s: its own text is not shown, what to do is', (_what, error, why) => {
  const shown = userErrorOf(error, 'catalog')
  expect(shown).toBeInstanceOf(UserError)
  expect(shown.why).toContain(why)
  expect(shown.remedies).not.toEqual([])
  expect(JSON.stringify([shown.why, shown.remedies, shown.commands])).not.toContain('10.0.0.1')
})

it('asks for the nearest in the words of another command', () => {
  const error = new UnknownTargetError(query, 'service catalgo', ['catalog'])
  expect(userErrorOf(error, 'catalgo', (target) => `/mesh audit ${target}`).commands).toEqual([
    '/mesh audit catalog -n shop',
  ])
})
