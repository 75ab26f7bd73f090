import { describe, expect, it } from 'vitest'
import type { ChangeRecord } from '../../../src/fixes/record.ts'
import { candidatesMessage } from '../../../src/slack/blocks/candidates.ts'
import { comparison, outcomeMessage, outcomeParts, undoMessage } from '../../../src/slack/blocks/outcome.ts'
import { noProposalMessage, proposalMessage } from '../../../src/slack/blocks/proposal.ts'
import { refusalMessage } from '../../../src/slack/blocks/refusal.ts'
import type { SlackMessage } from '../../../src/slack/blocks/rich.ts'
import { shownIn } from '../texts.ts'
import { APPLIED, APPLYING, APPROVED, nastyChange, PROVED, sampleChange, UNDONE } from './change-samples.ts'
import { expectPostable } from './postable.ts'
import { dice, nasty, RUN } from './samples.ts'

const NOW = Date.parse('2026-11-24T00:29:00.000Z')
const APPROVERS = { users: ['U_ONCALL', 'U_SECOND'], groups: ['S_OWNERS'], fourEyes: true }
const BUTTONS = ['approve-change', 'edit-change', 'reject-change', 'download-patch'].map((action) => ({
  action,
  id: 'abcdefghijkmnpqrstuv',
  label: action,
}))
const proposal = (facts: Partial<ChangeRecord> = {}, approvers = APPROVERS): string =>
  shownIn(proposalMessage(sampleChange(facts), approvers, [], NOW))
const outcome = (facts: Partial<ChangeRecord>): string => shownIn(outcomeMessage(sampleChange(facts), []))

describe('a proposal', () => {
  it('says what it changes, the risk, the undo, who may approve it until when, and the diff', () => {
    expect(shownIn(proposalMessage(sampleChange(), APPROVERS, BUTTONS, NOW))).toBe(
      [
        '📝 Proposed  Define subsets version-v1 and version-v2 of catalog',
        'The routes name subsets that no DestinationRule defines.',
        '',
        'Changes  Callers of catalog reach its pods by version.',
        'Objects  creates `DestinationRule shop/catalog`',
        'Risk  low. Nothing else uses catalog.',
        'Undo  The DestinationRule is deleted again.',
        'May approve   @U_SECOND, @S_OWNERS; not @U_ONCALL, who asked for it',
        'Until  00:58:30 UTC',
        '',
        '```--- /dev/null\n+++ DestinationRule shop/catalog\n@@ -0,0 +1,2 @@\n+kind: DestinationRule\n```',
        '',
        'asked for by @U_ONCALL · change abcdefghijkmnpqrstuv',
        '',
        '[approve-change][edit-change][reject-change][download-patch]',
      ].join('\n'),
    )
  })

  it('lets the requester approve only where one pair of eyes is enough', () => {
    expect(proposal({}, { ...APPROVERS, fourEyes: false })).toContain('May approve   @U_ONCALL, @U_SECOND, @S_OWNERS\n')
    expect(proposal({}, { users: ['U_ONCALL'], groups: [], fourEyes: true })).toContain(
      "nobody yet: ask the bot's administrator to name approvers under `channels.C_MESH.roles.approver`",
    )
  })

  it('tells what to know before deciding', () => {
    expect(proposal({ notes: ['Takes spec.host over from helm.'] })).toContain(
      'Before you decide\n- Takes spec.host over from helm.',
    )
    expect(proposal()).not.toContain('Before you decide')
  })

  it('that is blocked is for a patch, and names no approvers', () => {
    const blocked = proposal({ blocked: 'Argo CD owns the object.' })
    expect(blocked).toContain('📝 Proposed, as a patch')
    expect(blocked).toContain('⚠️ Only as a patch  Argo CD owns the object.')
    expect(blocked).not.toMatch(/May approve|Until/)
  })

  it('names its objects, those it deletes too', () => {
    const {
      writes: [first],
    } = sampleChange()
    const writes = [
      { ...first!, was: { uid: 'u', resourceVersion: '1' } } as ChangeRecord['writes'][0],
      {
        verb: 'delete',
        ref: { kind: 'EnvoyFilter', namespace: 'shop', name: 'old' },
        apiVersion: 'v1',
        was: { uid: 'u', resourceVersion: '1' },
      },
    ] as const
    expect(proposal({ writes: [...writes] })).toContain(
      'Objects  changes `DestinationRule shop/catalog`, deletes `EnvoyFilter shop/old`',
    )
  })

  it.each<[string, Partial<ChangeRecord>, RegExp]>([
    ['approved', APPROVED, /^✅ Approved by @U_SECOND at 00:29:40 UTC/],
    ['applied', APPLIED, /^✅ Approved by @U_SECOND/],
    ['proved', PROVED, /^✅ Approved by @U_SECOND/],
    ['undone', UNDONE, /^✅ Approved by @U_SECOND/],
    [
      'rejected',
      { state: 'rejected', decided: { ...APPROVED.decided, verdict: 'rejected', reason: 'not now' } },
      /^⛔ Rejected by @U_SECOND at 00:29:40 UTC {2}Define[\s\S]*Reason {2}not now/,
    ],
    ['expired', { state: 'expired' }, /^⌛ Expired at 00:58:30 UTC/],
    [
      'over its time, though nobody noted it yet',
      { expiresAt: '2026-11-24T00:28:59.000Z' },
      /^⌛ Expired at 00:28:59 UTC/,
    ],
    ['edited', { state: 'superseded', successor: 'other' }, /^↪️ It was replaced by a newer proposal/],
    [
      'approved, but the object has moved',
      { ...APPROVED, state: 'superseded', failure: 'DestinationRule shop/catalog has changed' },
      /^↪️ Approved by @U_SECOND[\s\S]*not written: DestinationRule shop\/catalog has changed[\s\S]*proposed again/,
    ],
    [
      'failed',
      { ...APPROVED, state: 'failed', failure: 'User "second@example.com" cannot patch' },
      /^⚫ Approved by @U_SECOND[\s\S]*It failed: User "second@example.com" cannot patch/,
    ],
  ])('that is %s says so, and asks for no approval any more', (_name, facts, says) => {
    expect(proposal(facts)).toMatch(says)
    expect(proposal(facts)).not.toMatch(/May approve|Until/)
  })

  it('cuts a long diff and says where the whole is', () => {
    const long = proposalMessage(sampleChange({ diff: '+line\n'.repeat(2000) }), APPROVERS, BUTTONS, NOW)
    expect(long.isCut).toBe(true)
    expect(shownIn(long)).toContain('12,000 characters')
    expect(shownIn(long)).toContain('the whole is in the file in this thread')
    expect(
      proposalMessage(sampleChange({ diff: '+line\n'.repeat(100) }), APPROVERS, BUTTONS, NOW).isCut,
    ).toBeUndefined()
  })
})

describe('the outcome', () => {
  it.each<[string, Partial<ChangeRecord>, string]>([
    ['approved', APPROVED, '⏱ Approved; about to be applied'],
    ['applying', APPLYING, '⏱ Applying'],
    ['applied', APPLIED, '⏱ Applied; proof under way'],
    ['proved', PROVED, '🟢 Gone'],
    ['still there', { ...PROVED, proof: { ...PROVED.proof, outcome: 'still there' } }, '🔴 Still there'],
    ['unclear', { ...PROVED, proof: { ...PROVED.proof, outcome: 'unclear' } }, '🟡 Unclear'],
    ['worse', { ...PROVED, proof: { ...PROVED.proof, outcome: 'worse' } }, '🔴 Worse'],
    ['undoing', { ...UNDONE, state: 'undoing', undo: { ...UNDONE.undo, state: 'undoing' } }, '⏱ Undoing'],
    ['undone', UNDONE, '⚪ Undone'],
    [
      'not undone',
      { ...PROVED, undo: { ...UNDONE.undo, state: 'failed', says: 'it has changed since' } },
      '⚫ Undoing failed',
    ],
    ['not written', { ...APPROVED, state: 'failed', failure: 'forbidden' }, '⚫ Not applied'],
    [
      'written in part',
      { ...APPLYING, state: 'failed', failure: 'forbidden', wrote: APPLIED.wrote },
      '⚫ Applied in part only',
    ],
    ['moved', { ...APPROVED, state: 'superseded', failure: 'moved' }, '↪️ Not applied'],
  ])('%s', (_name, facts, head) => {
    expect(outcome(facts).startsWith(`${head}  Define subsets`)).toBe(true)
  })

  it('says when it was applied, as whom, what the API server said, and compares before with after', () => {
    expect(shownIn(outcomeMessage(sampleChange(PROVED), [{ action: 'undo-change', id: 'x', label: 'Undo' }]))).toBe(
      [
        '🟢 Gone  Define subsets version-v1 and version-v2 of catalog',
        'MESH0101 is gone and 20 of 20 requests were answered.',
        '',
        'Approved  by @U_SECOND at 00:29:40 UTC; asked for by @U_ONCALL',
        'In Kubernetes  as `second@example.com` (`mesh-owners`)',
        '',
        'The API server accepted 1 of 1 write',
        '- `DestinationRule shop/catalog` written: resourceVersion 4711, generation 1, 00:29:42 UTC',
        '',
        '```          before             after',
        'verdict   ill                healthy',
        'findings  MESH0101 observed  none',
        'requests  10                 20',
        'failed    10 (100 %)         0 (0 %)',
        '200       0                  20',
        '503 NC    10                 0```',
        '',
        'Undo  The DestinationRule is deleted again.',
        '',
        'change abcdefghijkmnpqrstuv',
        '',
        '[Undo]',
      ].join('\n'),
    )
  })

  it('says who undid it; by itself, also why', () => {
    expect(outcome(UNDONE)).toContain(
      'Undone  asked for by @U_SECOND at 00:40:00 UTC, as `second@example.com` (`mesh-owners`)',
    )
    expect(outcome({ ...UNDONE, undo: { ...UNDONE.undo, user: 'mesh-medic', why: 'istiod refuses it' } })).toMatch(
      /Undone {2}automatically at[\s\S]*Why {2}istiod refuses it/,
    )
    expect(
      shownIn(
        undoMessage(
          sampleChange({ ...PROVED, undo: { ...UNDONE.undo, state: 'failed', says: 'it has changed since' } }),
        ),
      ),
    ).toMatch(/^⚫ Undoing failed[\s\S]*It said {2}it has changed since/)
  })

  it("gives the API server's own words when it refused", () => {
    const words = 'destinationrules.networking.istio.io "catalog" is forbidden: User "second@example.com" cannot patch'
    expect(outcome({ ...APPROVED, state: 'failed', failure: words })).toContain(`It failed\n\`\`\`${words}\`\`\``)
  })

  it('compares without traffic, too', () => {
    const { traffic: _gone, ...quiet } = sampleChange().baseline
    expect(comparison(quiet, quiet)).toContain('requests  none seen          none seen')
  })

  it('shows each look before and after in the thread, once there is a proof', () => {
    expect(outcomeParts(sampleChange(APPLIED))).toEqual([])
    const [part, ...more] = outcomeParts(sampleChange(PROVED))
    expect(more).toEqual([])
    expect(shownIn(part!.message)).toContain(
      '`istioctl analyze -n shop`\nbefore\n```Error [IST0101] no such subset```\nafter\n```No validation issues found```',
    )
    expect(outcomeParts(sampleChange(UNDONE))).toHaveLength(1)
    const same = outcomeParts(sampleChange({ ...PROVED, proof: { ...PROVED.proof, after: sampleChange().baseline } }))
    expect(shownIn(same[0]!.message)).toContain('the same before and after\n```Error')
  })
})

describe('a change that was taken back by itself', () => {
  it('is told in a message of its own, once it is over', () => {
    const worse = { ...UNDONE, undo: { ...UNDONE.undo, user: 'mesh-medic', why: '8 of 10 requests fail now.' } }
    const told = outcomeParts(sampleChange(worse)).at(-1)!
    expect(told.name).toBe('undone-by-itself')
    expect(shownIn(told.message)).toMatch(
      /^⚪ Undone[\s\S]*automatically at 00:40:00 UTC[\s\S]*Why {2}8 of 10 requests fail now\./,
    )
    expect(
      outcomeParts(sampleChange({ ...worse, state: 'undoing', undo: { ...worse.undo, state: 'undoing' } })).map(
        ({ name }) => name,
      ),
    ).not.toContain('undone-by-itself')
  })
})

describe('candidates', () => {
  it('have a button each, and say when there are more', () => {
    const candidates = Array.from({ length: 30 }, (_, index) => ({
      choice: `route to v${index}`,
      title: `Route to v${index}`,
      why: 'It has pods.',
    }))
    const shown = shownIn(
      candidatesMessage(
        candidates,
        RUN,
        candidates.slice(0, 25).map(({ choice }, index) => ({ action: `choose-fix:${index}`, id: 'x', label: choice })),
      ),
    )
    expect(shown).toContain('30 ways to fix it')
    expect(shown).toContain('- route to v0  Route to v0: It has pods.')
    expect(shown).toContain('[route to v24]')
    expect(shown).toContain('and 5 more')
  })
})

describe('a refusal', () => {
  it('names only people and groups whose mentions are ours', () => {
    const shown = refusalMessage({
      why: 'It was approved by <@U_SECOND>, said <@U_EVIL> <!channel>.',
      remedies: ['Those who may: <!subteam^S_OWNERS>, <!subteam^S_EVIL>.'],
      named: ['U_SECOND', 'S_OWNERS'],
    })
    expect(shownIn(shown)).toBe(
      '⚠️ It was approved by @U_SECOND, said <@U_EVIL> <!channel>.\n\nThose who may: @S_OWNERS, <!subteam^S_EVIL>.\n',
    )
    expect(JSON.stringify(shown).match(/"type":"user/g)).toHaveLength(2)
    expect(shown.text).toBe('⚠️ It was approved by somebody, said somebody &lt;!channel&gt;.')
  })
})

describe('whatever a change holds, Slack takes its messages and the buttons stay', () => {
  it.each([
    ['small ones', { size: 40, many: 3 }, 20],
    ['middling ones', { size: 3000, many: 12 }, 4],
    ['many of everything', { size: 50, many: 500 }, 1],
    ['texts of 40 kB', { size: 40_000, many: 1 }, 1],
  ])('%s', (_name, scale, times) => {
    for (let seed = 1; seed <= times; seed += 1) {
      const roll = dice(seed)
      for (const state of ['proposed', 'superseded', 'failed', 'rejected', 'proved', 'undone'] as const) {
        const change = nastyChange(roll, scale, { state })
        const messages: [SlackMessage, number][] = [
          [proposalMessage(change, APPROVERS, BUTTONS, NOW), 4],
          [outcomeMessage(change, BUTTONS.slice(0, 1)), 1],
          [undoMessage(change), 0],
          [noProposalMessage(nasty(roll, scale.size), RUN, []), 0],
          ...outcomeParts(change).map(({ message }): [SlackMessage, number] => [message, 0]),
        ]
        for (const [message, buttons] of messages) expectPostable(message, buttons)
      }
      const candidates = Array.from({ length: scale.many }, () => ({
        choice: nasty(roll, scale.size),
        title: nasty(roll, scale.size),
        why: nasty(roll, scale.size),
      }))
      expectPostable(
        candidatesMessage(
          candidates,
          RUN,
          candidates
            .slice(0, 25)
            .map(({ choice }, index) => ({ action: `choose-fix:${index}`, id: 'x', label: choice })),
        ),
        Math.min(25, candidates.length),
      )
    }
  })
})
