import { expect, it } from 'vitest'
import { checkBlocks } from '../../src/sandbox/slack/block-rules/check-blocks.ts'
import { changeButton, type ChangeVerb } from '../../src/slack/answers/run-buttons.ts'
import { buttonRow } from '../../src/slack/blocks/buttons.ts'
import { sampleChange } from './blocks/change-samples.ts'
import { memoryBackend } from '../queue/memory-backend.ts'

interface Shown {
  accessibility_label?: string
  confirm?: { title: { text: string }; text: { text: string }; confirm: { text: string }; style?: string }
}

/** A button on a change, as it is posted. */
async function shown(verb: ChangeVerb, title?: string): Promise<Shown> {
  const { records } = memoryBackend()
  const row = buttonRow([await changeButton(records, sampleChange(title === undefined ? {} : { title }), verb)])
  expect(() => checkBlocks(structuredClone(row))).not.toThrow()
  return row[0]!.elements[0] as Shown
}

it.each([
  ['approve-change', 'Approve this change?', 'Yes, approve', 'primary'],
  ['undo-change', 'Undo this change?', 'Yes, undo', 'danger'],
] as const)('%s asks before it counts', async (verb, title, confirm, style) => {
  expect((await shown(verb)).confirm).toMatchObject({
    title: { text: title },
    text: { text: expect.stringContaining('Define subsets version-v1 and version-v2 of catalog. ') as string },
    confirm: { text: confirm },
    style,
  })
})

it.each(['edit-change', 'reject-change', 'download-patch'] as const)('%s does not ask', async (verb) => {
  expect((await shown(verb)).confirm).toBeUndefined()
})

it('is spoken with what it is about, within what Slack takes, however long that is', async () => {
  expect((await shown('approve-change')).accessibility_label).toBe(
    'Approve: Define subsets version-v1 and version-v2 of catalog',
  )
  const long = await shown('approve-change', `Define ${'very '.repeat(100)}many subsets`)
  expect(long.accessibility_label).toHaveLength(75)
  expect(long.confirm!.text.text).toMatch(
    /…\. It is written to the cluster now, as your Kubernetes user, and then proved\.$/,
  )
})
