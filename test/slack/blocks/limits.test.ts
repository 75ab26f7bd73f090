import { describe, expect, it } from 'vitest'
import { choicesMessage, MOST_CHOICES } from '../../../src/slack/blocks/choices.ts'
import { doctorMessage, doctorParts } from '../../../src/slack/blocks/doctor.ts'
import { cancelledMessage, failedMessage } from '../../../src/slack/blocks/ended.ts'
import { helpMessage } from '../../../src/slack/blocks/help.ts'
import { noteMessage, refusalMessage } from '../../../src/slack/blocks/refusal.ts'
import { reportParts } from '../../../src/slack/blocks/report-parts.ts'
import type { SlackMessage } from '../../../src/slack/blocks/rich.ts'
import { runningMessage } from '../../../src/slack/blocks/running.ts'
import { statusMessage, statusParts } from '../../../src/slack/blocks/status.ts'
import { verdictMessage } from '../../../src/slack/blocks/verdict.ts'
import { expectPostable } from './postable.ts'
import { CHECKS, dice, nasty, RUN, SPOKEN, sampleReport } from './samples.ts'

const TELLING = { checks: CHECKS, docsUrl: 'https://docs.example.com/findings' }
const BUTTONS = ['run-again', 'full-report', 'cancel-run'].map((action) => ({
  action,
  id: 'abcdefghijkmnpqrstuv',
  label: nasty(dice(1), 200),
}))

describe('whatever a report holds, Slack takes its messages and the buttons stay', () => {
  it.each([
    ['an empty one', { size: 1, many: 0 }, 20],
    ['small ones', { size: 40, many: 3 }, 25],
    ['middling ones', { size: 2000, many: 20 }, 5],
    ['many findings', { size: 60, many: 3000 }, 1],
    ['quotes of 100 kB', { size: 40_000, many: 2 }, 1],
  ])('%s', (_name, scale, times) => {
    for (let seed = 1; seed <= times; seed += 1) {
      const report = sampleReport(dice(seed), scale)
      expectPostable(verdictMessage(report, RUN, TELLING, BUTTONS), 3)
      expectPostable(runningMessage(SPOKEN, { steps: report.plan }, BUTTONS[0]), 1)
      expectPostable(cancelledMessage(SPOKEN, 'U_ONCALL', { steps: report.plan }, BUTTONS), 3)
      const parts = reportParts(report, TELLING)
      for (const { message } of parts) expectPostable(message)
      expect(new Set(parts.map(({ name }) => name)).size).toBe(parts.length)
      expect(parts.length).toBeLessThanOrEqual(2)
    }
  })

  it('says what is left out', () => {
    const lines = reportParts(sampleReport(dice(5), { size: 60, many: 300 }), TELLING).map(({ message }) =>
      JSON.stringify(message.blocks),
    )
    expect(lines.some((text) => /and \d+ more, in the full report/.test(text))).toBe(true)
  })
})

describe('so it does with everything else', () => {
  const roll = dice(7)
  const items = Array.from({ length: 80 }, (_, index) => ({
    name: nasty(roll, 60),
    ok: index % 3 > 0,
    says: nasty(roll, 3000),
    remedy: nasty(roll, 3000),
  }))
  const proxies = Array.from({ length: 3000 }, (_, index) => ({
    pod: { kind: 'Pod', namespace: 'shop', name: `pod-${index}` },
    state: (['absent', 'rejected', 'stale', 'synced'] as const)[index % 4]!,
    version: '1.31.0',
    types: [{ type: 'LDS', status: 'ERROR', error: nasty(roll, 5000) }],
  }))
  const status = {
    proxies,
    controlPlane: Array.from({ length: 40 }, (_, index) => ({
      pod: { kind: 'Pod', name: `istiod-${index}` },
      ready: false,
    })),
    versions: Array.from({ length: 400 }, (_, index) => ({ version: `1.${index}`, proxies: 1 })),
    unseen: Array.from({ length: 40 }, () => ({
      kind: 'pods' as const,
      source: nasty(roll, 3000),
      at: '',
      ok: false as const,
      reason: 'forbidden' as const,
      detail: nasty(roll, 9000),
      permission: { verb: 'list', group: '', resource: 'pods' },
    })),
  }
  const namespaces = Array.from({ length: 3000 }, (_, index) => `team-${index}`)

  it.each<[string, SlackMessage, number]>([
    ['doctor', doctorMessage(items, { within: 120 }, RUN, BUTTONS), 3],
    ...doctorParts(items).map(({ name, message }): [string, SlackMessage, number] => [name, message, 0]),
    ['status', statusMessage(status, RUN, BUTTONS), 3],
    ...statusParts(status).map(({ name, message }): [string, SlackMessage, number] => [name, message, 0]),
    ['help', helpMessage([{ usage: nasty(roll, 5000), about: nasty(roll, 5000) }]), 0],
    [
      'refusal',
      refusalMessage(
        {
          why: nasty(roll, 9000),
          remedies: [nasty(roll, 9000)],
          commands: Array.from({ length: 99 }, () => nasty(roll, 4000)),
        },
        BUTTONS,
      ),
      3,
    ],
    ['note', noteMessage(nasty(roll, 9000), { url: 'https://example.com', label: 'there' }), 0],
    ['failed', failedMessage(SPOKEN, BUTTONS), 3],
    [
      'choices',
      choicesMessage(
        'catalog',
        namespaces.slice(0, MOST_CHOICES),
        namespaces.slice(0, MOST_CHOICES).map((label, index) => ({ action: `choose-target:${index}`, id: 'x', label })),
      ),
      25,
    ],
    ['a list of choices', choicesMessage(nasty(roll, 9000), namespaces, []), 0],
  ])('%s', (_name, message, buttons) => {
    expectPostable(message, buttons)
  })
})
