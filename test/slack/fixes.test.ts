import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readChange, updateChange, type ChangeRecord } from '../../src/fixes/record.ts'
import type { ShownView } from '../../src/sandbox/slack/stand-in.ts'
import { auditEntries } from '../../src/store/audit.ts'
import { mintButton } from '../../src/store/buttons.ts'
import { forbidden } from '../fixes/api-server.ts'
import { MANIFEST, sampleChange } from './blocks/change-samples.ts'
import { openFixHouse, type FixHouse } from './fix-house.ts'
import { shownIn } from './texts.ts'

const RULE = { kind: 'DestinationRule', namespace: 'shop', name: 'catalog' }
const PROPOSAL_BUTTONS = '[Approve][Edit][Reject][Download patch]'

let house: FixHouse
beforeEach(async () => {
  house = await openFixHouse()
})
afterEach(() => house.close())

/** What becomes of a modal's field after it was sent. */
async function opened(title: string, user: string): Promise<ShownView> {
  return house.slack.waitFor(() => house.slack.views(user).find((view) => view.title === title))
}

const untilTold = (user: string, says: string): Promise<unknown> =>
  house.slack
    .waitFor(() => house.told(user).includes(says))
    .catch(() => {
      throw new Error(`${user} was told: ${house.told(user)}`)
    })

describe('the verdict of an ill diagnosis', () => {
  const offer = {
    id: 'x',
    for: 'MESH0101',
    kind: 'fix',
    act: 'add-subsets',
    subjects: [RULE],
    title: 'Define subsets of catalog',
    why: 'They are missing.',
    risk: 'change',
    diff: '',
    undo: 'The DestinationRule is deleted.',
  } as const

  it('offers the fix first', async () => {
    const { message } = await house.diagnosed([{ ...offer, subjects: [RULE] }])
    expect(house.now(message)).toMatch(/\[Propose fix\]\[.*Full report\]$/)
  })

  it('tells the present: a fix that was proved, and after its undo what is found then', async () => {
    const { message, run } = await house.diagnosed([{ ...offer, subjects: [RULE] }])
    const { message: proposal } = await house.proposed({ of: run.id })
    await house.press(proposal, 'Approve', 'U_SECOND')
    await house.idle()
    const fixed = house.now(message)
    expect(fixed).toMatch(/^🟢 Fixed {2}`Service istioinaction\/catalog`\n/)
    expect(fixed).toMatch(
      /What is going on\nFixed at \S+ UTC by “.+”, approved by @U_SECOND: \d+ of \d+ requests fail\.|: no request was seen since\./,
    )
    expect(fixed).toContain(`Cause\nIt was: `)
    expect(fixed).not.toContain('Propose fix')
    expect(fixed).toMatch(/\[Run again\]\[Full report\]$/)

    const outcome = house.slack.thread('C_MESH', proposal.threadTs!).find((one) => house.now(one).endsWith('[Undo]'))!
    await house.press(outcome, 'Undo', 'U_SECOND')
    await house.idle()
    expect(house.now(message)).toMatch(
      /^(🟢 Healthy|🟡 Unclear) {2}`Service istioinaction\/catalog`\n\n↩️ “.+” was undone at \S+ UTC; this is what was found afterwards\./,
    )
  })

  it('is proposed again after one that nobody can approve', async () => {
    const { message, run } = await house.diagnosed([{ ...offer, subjects: [RULE] }])
    await house.proposed({ of: run.id, blocked: 'it could not be tried out' })
    await house.press(message, 'propose-fix', 'U_ONCALL')
    await house.idle()
    expect(house.told('U_ONCALL')).not.toContain('already proposed')
    expect(house.thread(message).filter((text) => text.includes(PROPOSAL_BUTTONS))).toHaveLength(1)
  })

  it('links to a later diagnosis of the same target', async () => {
    const { message } = await house.diagnosed([{ ...offer, subjects: [RULE] }])
    const { message: later } = await house.diagnosed([])
    const before = house.now(message)
    expect(before).toMatch(
      /^🔴 Ill {2}`Service istioinaction\/catalog` {2}diagnosed again at \S+ UTC: <\S+\|the newer diagnosis>/,
    )
    expect(before).not.toContain('Propose fix')
    expect(house.now(later)).not.toContain('diagnosed again')
  })

  it('offers none where there is none', async () => {
    const { message } = await house.diagnosed([])
    expect(house.now(message)).not.toContain('Propose fix')
  })

  it('proposes in the thread what is the cause, once, however often it is pressed', async () => {
    const { message, run } = await house.diagnosed([{ ...offer, subjects: [RULE] }])
    await Promise.all([
      house.press(message, 'propose-fix', 'U_ONCALL'),
      house.press(message, 'propose-fix', 'U_SECOND'),
    ])
    const [first] = (await house.idle()).filter(({ state }) => state === 'done')
    expect(first!.request).toMatchObject({
      kind: 'propose',
      of: run.id,
      text: 'catalog',
      namespace: 'istioinaction',
      finding: { code: 'MESH0101', subject: { kind: 'VirtualService', name: 'catalog-v1-v2' } },
    })
    await house.press(message, 'propose-fix', 'U_VISITOR')
    await untilTold('U_VISITOR', 'A fix is already proposed, and waits for approval.')
    expect(house.thread(message).filter((text) => text.includes('📝 Proposed'))).toHaveLength(1)
    expect(house.thread(message).filter((text) => text.includes('Working out'))).toHaveLength(0)
    expect(`${house.told('U_ONCALL')}${house.told('U_SECOND')}`).toMatch(/A fix is already (being worked out|proposed)/)
    const events = (await auditEntries(house.backend.records))
      .filter(({ entry }) => entry.run === first!.id)
      .map(({ entry }) => entry.event)
    expect(events[0]).toBe('fix-asked')
  })

  it('says why there is nothing to propose', async () => {
    house.answers(() => Promise.resolve({ kind: 'propose', none: 'MESH0101 is not there any more.' }))
    const { message } = await house.diagnosed([{ ...offer, subjects: [RULE] }])
    await house.press(message, 'propose-fix', 'U_ONCALL')
    await house.idle()
    expect(house.thread(message).at(-1)).toMatch(
      /⚪ No fix proposed\nMESH0101 is not there any more\.[\s\S]*\[Run again\]/,
    )
  })

  it('has several candidates chosen from, each once', async () => {
    const candidates = ['v1', 'v2'].map((version) => ({
      choice: `route to ${version}`,
      title: `Route to ${version}`,
      why: 'It has pods.',
    }))
    house.answers(() => Promise.resolve({ kind: 'propose', candidates }))
    const { message } = await house.diagnosed([{ ...offer, subjects: [RULE] }])
    await house.press(message, 'propose-fix', 'U_ONCALL')
    await house.idle()
    const choice = house.slack.thread('C_MESH', message.ts).at(-1)!
    expect(shownIn(choice)).toContain('[route to v1][route to v2]')
    house.answers(() => Promise.resolve({ kind: 'propose', none: 'chosen' }))
    await house.press(choice, 'choose-fix:1', 'U_ONCALL')
    const runs = await house.idle()
    expect(runs.at(-1)!.request).toMatchObject({
      kind: 'propose',
      choice: 'route to v2',
      finding: { code: 'MESH0101' },
    })
    await house.press(choice, 'choose-fix:1', 'U_SECOND')
    await untilTold('U_SECOND', 'This button was already used')
    expect(house.told('U_SECOND')).toContain('Press “Propose fix” again')
  })
})

describe('a proposed change', () => {
  it('is applied as its approver, proved, told, and undone', async () => {
    const { message, change } = await house.proposed()
    expect(house.now(message)).toContain(PROPOSAL_BUTTONS)
    expect(house.now(message)).toContain('May approve   @U_SECOND, @S_OWNERS; not @U_ONCALL, who asked for it')
    await house.press(message, 'Approve', 'U_SECOND')
    await house.idle()
    expect(house.api.get(RULE)?.spec).toMatchObject({ host: 'catalog.shop.svc.cluster.local' })
    expect(house.api.landed()).toMatchObject([{ user: 'second@example.com', ref: RULE }])
    expect(house.now(message)).toMatch(/^✅ Approved by @U_SECOND at/)
    expect(house.now(message)).not.toContain('[')

    const outcome = house.slack
      .thread('C_MESH', message.threadTs!)
      .find((one) => shownIn(one).includes('The API server accepted 1 of 1 write'))!
    expect(shownIn(outcome)).toMatch(
      /^(🟢 Gone|🟡 Unclear) {2}Define subsets[\s\S]*as `second@example.com`[\s\S]*before {2,}after[\s\S]*\[Undo\]$/,
    )
    const [looks] = house.thread(message).filter((text) => text.includes('Before and after'))
    expect(looks).toContain('`istioctl analyze -n shop`')

    await house.press(outcome, 'Undo', 'U_ONCALL')
    await untilTold('U_ONCALL', 'You asked for this change yourself; somebody else has to undo it.')
    await house.press(outcome, 'Undo', 'U_SECOND')
    await house.idle()
    expect(house.api.get(RULE)).toBeUndefined()
    expect(house.now(outcome)).toMatch(/^⚪ Undone[\s\S]*Undone {2}asked for by @U_SECOND/)
    expect(house.now(outcome)).not.toContain('[Undo]')
    expect(house.thread(message).at(-1)).toMatch(/^⚪ Undone/)
    expect((await readChange(house.backend.records, change.id))?.state).toBe('undone')
  })

  it('is refused to its requester and to who has no role, who alone are told who may', async () => {
    const { message } = await house.proposed()
    const before = house.thread(message)
    await house.press(message, 'Approve', 'U_ONCALL')
    await untilTold('U_ONCALL', 'You asked for this change yourself; somebody else has to approve it.')
    await house.press(message, 'Approve', 'U_VISITOR')
    await untilTold('U_VISITOR', 'You may not approve changes here')
    expect(house.told('U_VISITOR')).toContain('Those who may: @U_ONCALL, @U_SECOND, @S_OWNERS.')
    await house.idle()
    expect(house.thread(message)).toEqual(before)
    expect(house.api.writes).toEqual([])
    // Their presses have not used the button up.
    await house.press(message, 'Approve', 'U_SECOND')
    await house.idle()
    expect(house.api.landed()).toHaveLength(1)
  })

  it('may be approved by a member of a user group, with its groups in Kubernetes', async () => {
    const { message } = await house.proposed()
    await house.press(message, 'Approve', 'U_THIRD')
    await house.idle()
    expect(house.api.landed()).toMatchObject([
      { user: 'third@example.com', groups: expect.arrayContaining(['mesh-owners']) as unknown },
    ])
  })

  it('may not, when Slack does not say who is in the group', async () => {
    const { message } = await house.proposed()
    house.slack.withoutScope('usergroups:read')
    await house.press(message, 'Approve', 'U_THIRD')
    await untilTold('U_THIRD', 'You may not approve changes here')
    expect(house.api.writes).toEqual([])
    expect(house.logged.some(({ level, says }) => level === 'error' && says.includes('user group'))).toBe(true)
  })

  it('is applied once, whoever presses how often at once', async () => {
    const { message } = await house.proposed()
    await Promise.all(
      ['U_SECOND', 'U_THIRD', 'U_SECOND', 'U_THIRD', 'U_SECOND'].map((user) => house.press(message, 'Approve', user)),
    )
    await house.slack.waitFor(() => house.slack.ephemerals().length === 4)
    await house.idle()
    expect(house.api.landed()).toHaveLength(1)
    expect(house.thread(message).filter((text) => text.includes('The API server accepted'))).toHaveLength(1)
    expect(`${house.told('U_SECOND')}${house.told('U_THIRD')}`).toMatch(/by @U_(SECOND|THIRD) at \d\d:\d\d:\d\d UTC/)
    expect(house.slack.ephemerals()).toHaveLength(4)
  })

  it("fails with the API server's own words, as the cluster decides", async () => {
    await house.close()
    house = await openFixHouse({
      rules: (request) => (request.user === 'second@example.com' ? forbidden(request) : undefined),
    })
    const { message } = await house.proposed()
    await house.press(message, 'Approve', 'U_SECOND')
    await house.idle()
    expect(house.api.landed()).toEqual([])
    expect(house.now(message)).toMatch(/^⚫ Approved by @U_SECOND[\s\S]*is forbidden: User "second@example.com"/)
    const outcome = house.thread(message).find((text) => text.startsWith('⚫ Not applied'))
    expect(outcome).toMatch(/is forbidden: User "second@example.com"/)
    expect(outcome).not.toContain('[Undo]')
  })

  it('is applied all the same when somebody deletes its message meanwhile', async () => {
    const { message } = await house.proposed()
    const click = house.slack.click(house.slack.message('C_MESH', message.ts)!, 'Approve', {
      user: 'U_SECOND',
      channel: 'C_MESH',
    })
    house.slack.deleteMessage(message)
    await click
    await expect.poll(() => house.api.landed().length).toBe(1)
    await house.idle()
    expect(house.api.landed()).toHaveLength(1)
    expect(house.thread(message).some((text) => text.includes('The API server accepted 1 of 1 write'))).toBe(true)
  })

  it('that has expired says so to who presses, and in its message', async () => {
    const { message, change } = await house.proposed({ expiresAt: new Date(Date.now() + 60_000).toISOString() })
    await updateChange(house.backend.records, change.id, (now) => ({
      ...now,
      expiresAt: new Date(Date.now() - 1000).toISOString(),
    }))
    await house.press(message, 'Approve', 'U_SECOND')
    await untilTold('U_SECOND', 'It has expired: it could be approved until')
    await house.idle()
    expect(house.now(message)).toMatch(/^⌛ Expired at/)
    expect(house.now(message)).not.toContain('[Approve]')
    expect(house.api.writes).toEqual([])
  })

  it('takes no button that is forged, of another channel, or of another verb', async () => {
    const { message, change } = await house.proposed()
    const press = async (actionId: string, value: string, channel: string): Promise<void> => {
      const button = {
        type: 'button',
        action_id: actionId,
        value,
        text: { type: 'plain_text', text: 'forged' },
      } as const
      const { ts } = await house.deps.slack.client.chat.postMessage({
        channel,
        text: 'forged',
        blocks: [{ type: 'actions', elements: [button] }],
      })
      await house.slack.click(house.slack.message(channel, ts!)!, actionId, { user: 'U_SECOND', channel })
    }
    await press('approve-change', 'abcdefghijkmnpqrstuv', 'C_MESH')
    await untilTold('U_SECOND', 'It is no longer known what this button was for')
    const payload = { channel: 'C_MESH', change: change.id }
    await press(
      'approve-change',
      await mintButton(house.backend.records, { act: 'approve-change', payload, uses: 'many' }),
      'C_OTHER',
    )
    await untilTold('U_SECOND', 'This button belongs to another channel')
    await press(
      'undo-change',
      await mintButton(house.backend.records, { act: 'approve-change', payload, uses: 'many' }),
      'C_MESH',
    )
    await press(
      'approve-change',
      await mintButton(house.backend.records, {
        act: 'approve-change',
        payload: { ...payload, change: 'gonegonegonegonegone' },
        uses: 'many',
      }),
      'C_MESH',
    )
    await untilTold('U_SECOND', 'This change is no longer known')
    await press(
      'approve-change',
      await mintButton(house.backend.records, { act: 'approve-change', payload, uses: 'many', expiresInSeconds: 0 }),
      'C_MESH',
    )
    await untilTold('U_SECOND', 'This button has expired')
    expect(await house.idle()).toHaveLength(1)
    expect(house.api.writes).toEqual([])
    expect(house.now(message)).toContain(PROPOSAL_BUTTONS)
  })

  it('that GitOps owns is only to be downloaded', async () => {
    const { message } = await house.proposed({ blocked: 'Argo CD owns DestinationRule shop/catalog.' })
    expect(house.now(message)).toMatch(
      /Only as a patch {2}Argo CD owns DestinationRule shop\/catalog\.[\s\S]*\n\[Download patch\]$/,
    )
  })
})

describe('a proposal that Slack does not take', () => {
  const REFUSED = { error: 'some_new_restriction' }

  it('keeps its message and its buttons when only a message under it is refused, and the requester is told', async () => {
    const stop = house.slack.on('message', ({ message: { threadTs } }) => {
      if (threadTs === undefined) return
      stop()
      house.slack.fail.next('chat.postMessage', REFUSED)
    })
    const { change, message } = await house.proposed()
    expect(house.now(message)).toContain(PROPOSAL_BUTTONS)
    expect((await readChange(house.backend.records, change.id))?.state).toBe('proposed')
    const [direct] = house.slack.messages().filter(({ channel }) => channel !== 'C_MESH')
    expect(shownIn(direct!)).toContain('could not be posted in its thread: Slack says some_new_restriction.')
    await house.press(message, 'Approve', 'U_SECOND')
    await house.idle()
    expect((await readChange(house.backend.records, change.id))?.state).toBe('proved')
  })

  it('is posted anew, with its buttons, where its message cannot be changed', async () => {
    house.slack.fail.next('chat.update', REFUSED)
    const { change, message } = await house.proposed()
    const shown = house.slack.thread('C_MESH', message.threadTs!).map(shownIn)
    expect(shown.filter((one) => one.includes(PROPOSAL_BUTTONS))).toHaveLength(1)
    expect(shown.filter((one) => one.includes('⏱'))).toEqual([])
    expect((await readChange(house.backend.records, change.id))?.state).toBe('proposed')
  })

  it('is over when it stands nowhere: nothing waits that nobody can decide on, and the requester is told', async () => {
    house.slack.fail.next('chat.update', REFUSED, 1000)
    const stop = house.slack.on('message', ({ message: { threadTs } }) => {
      if (threadTs === undefined) return
      stop()
      house.slack.fail.next('chat.postMessage', REFUSED, 2)
    })
    const { change } = await house.proposed()
    expect((await readChange(house.backend.records, change.id))?.state).toBe('expired')
    const [direct] = house.slack.messages().filter(({ channel }) => channel !== 'C_MESH')
    expect(shownIn(direct!)).toContain('could not be posted in the channel')
    expect(shownIn(direct!)).not.toContain('[Approve]')
  })
})

describe('rejecting', () => {
  it('asks for a reason, which everybody reads as it was typed', async () => {
    const { message } = await house.proposed()
    await house.press(message, 'Reject', 'U_SECOND')
    const view = await opened('Reject a change', 'U_SECOND')
    expect(view.privateMetadata).toMatch(/^[a-z0-9]{20}$/)
    expect((await house.submit(view, { reason: 'not now <!channel> <@U_ONCALL>' })).responseAction).toBe('close')
    await house.idle()
    expect(house.now(message)).toMatch(
      /^⛔ Rejected by @U_SECOND at [\d:]+ UTC[\s\S]*Reason {2}not now <!channel> <@U_ONCALL>/,
    )
    expect(house.now(message)).not.toContain('[')
    expect(house.api.writes).toEqual([])
  })

  it('is refused to who may not, without a word to others', async () => {
    const { message } = await house.proposed()
    await house.press(message, 'Reject', 'U_VISITOR')
    await house.submit(await opened('Reject a change', 'U_VISITOR'), { reason: 'no' })
    await untilTold('U_VISITOR', 'You may not')
    await house.idle()
    expect(house.now(message)).toContain(PROPOSAL_BUTTONS)
  })

  it('of what is decided already is answered with by whom', async () => {
    const { message } = await house.proposed()
    await house.press(message, 'Reject', 'U_SECOND')
    await house.press(message, 'Reject', 'U_THIRD')
    const [second, third] = [await opened('Reject a change', 'U_SECOND'), await opened('Reject a change', 'U_THIRD')]
    await house.submit(second, { reason: 'first' })
    await house.idle()
    expect((await house.submit(third, { reason: 'second' })).errors.reason).toMatch(/^It was rejected by somebody at/)
  })

  it('by an old button says that it is decided', async () => {
    const { message, change } = await house.proposed()
    await updateChange(house.backend.records, change.id, (now): ChangeRecord => ({
      ...now,
      state: 'rejected',
      decided: { user: 'U_THIRD', at: new Date().toISOString(), run: 'x', verdict: 'rejected' },
    }))
    await house.press(message, 'Reject', 'U_SECOND')
    await untilTold('U_SECOND', 'It was rejected by @U_THIRD at')
    expect(house.slack.views('U_SECOND')).toEqual([])
  })

  it('says so when Slack does not open the window', async () => {
    const { message } = await house.proposed()
    house.slack.fail.next('views.open', { error: 'expired_trigger_id' })
    await house.press(message, 'Reject', 'U_SECOND')
    await untilTold('U_SECOND', 'Slack did not open the dialog in time.')
  })
})

describe('editing', () => {
  const edit = async (
    user = 'U_THIRD',
  ): Promise<{
    view: ShownView
    message: Awaited<ReturnType<FixHouse['proposed']>>['message']
    change: ChangeRecord
  }> => {
    const { message, change } = await house.proposed()
    await house.press(message, 'Edit', user)
    return { view: await opened('Edit a change', user), message, change }
  }

  it('shows the YAML, and proposes what came of it in the place of the first', async () => {
    const { view, message, change } = await edit()
    expect(view.blocks[0]).toMatchObject({ element: { initial_value: MANIFEST, max_length: 3000 } })
    const yaml = MANIFEST.replace('name: version-v1', 'name: version-v2 # as the pods say')
    expect((await house.submit(view, { yaml })).responseAction).toBe('close')
    await house.slack.waitFor(() => house.now(message).startsWith('↪️'))
    const [run] = (await house.idle()).filter(({ request }) => 'edited' in request)
    expect(run).toMatchObject({
      asker: { user: 'U_THIRD' },
      thread: message.threadTs,
      request: { change: change.id, edited: yaml, finding: { code: 'MESH0101' } },
    })
    expect(house.now(message)).toMatch(/^↪️ It was replaced by a newer proposal/)
    const [newer] = house.thread(message).filter((text) => text.startsWith('📝'))
    expect(newer).toContain('not @U_THIRD, who asked for it')
    expect((await readChange(house.backend.records, run!.id))!.writes[0]).toMatchObject({ manifest: yaml })
  })

  it.each([
    ['what is not YAML', 'spec: [', /Line \d+/],
    ['another object', MANIFEST.replace('name: catalog', 'name: orders'), /orders/],
    ['another namespace', MANIFEST.replace('namespace: shop', 'namespace: kube-system'), /kube-system/],
    ['another kind', MANIFEST.replace('kind: DestinationRule', 'kind: Secret'), /Secret/],
    ['the same', MANIFEST, /Nothing was changed/],
  ])('says under the field what is wrong with %s', async (_name, yaml, says) => {
    const { view, message } = await edit()
    expect((await house.submit(view, { yaml })).errors.yaml).toMatch(says)
    expect(await house.idle()).toHaveLength(1)
    expect(house.now(message)).toContain(PROPOSAL_BUTTONS)
  })

  it('of what was approved meanwhile is refused under the field', async () => {
    const { view, message } = await edit()
    await house.press(message, 'Approve', 'U_SECOND')
    await house.idle()
    expect((await house.submit(view, { yaml: MANIFEST.replace('version: v1', 'version: v2') })).errors.yaml).toMatch(
      /^It is already applied by somebody at/,
    )
  })

  it.each([
    ['too long for Slack', `${MANIFEST}${'# a comment of a line\n'.repeat(200)}`, 'and a dialog holds 3,000'],
    ['with characters that nobody sees', `${MANIFEST}# \u202e\n`, 'characters that Slack does not show'],
  ])('of YAML %s is left to the patch', async (_name, manifest, says) => {
    const [write] = sampleChange().writes
    const { message } = await house.proposed({ writes: [{ ...write!, manifest } as ChangeRecord['writes'][0]] })
    await house.press(message, 'Edit', 'U_SECOND')
    await untilTold('U_SECOND', says)
    expect(house.told('U_SECOND')).toContain('Download patch')
    expect(house.slack.views('U_SECOND')).toEqual([])
  })

  it('takes as much YAML as Slack does, to the character', async () => {
    const [write] = sampleChange().writes
    const manifest = `${MANIFEST}# `.padEnd(2999, 'x') + '\n'
    const { message } = await house.proposed({ writes: [{ ...write!, manifest } as ChangeRecord['writes'][0]] })
    await house.press(message, 'Edit', 'U_SECOND')
    expect((await opened('Edit a change', 'U_SECOND')).blocks[0]).toMatchObject({
      element: { initial_value: manifest },
    })
  })

  it('of an old window says that it is forgotten', async () => {
    const { view } = await edit()
    await house.backend.records.remove('buttons', view.privateMetadata)
    await house.submit(view, { yaml: 'x' })
    await house.slack.waitFor(
      () =>
        JSON.stringify(house.slack.messages()).includes('which change this was about') ||
        house.told('U_THIRD').includes('which change this was about'),
    )
  })
})

describe('editing by somebody who may not reject', () => {
  it('opens no window, and the proposal stays', async () => {
    const { message } = await house.proposed()
    await house.press(message, 'Edit', 'U_VISITOR')
    await untilTold('U_VISITOR', 'requires the role operator')
    expect(house.slack.views('U_VISITOR')).toEqual([])
    expect(house.now(message)).toContain(PROPOSAL_BUTTONS)
  })

  it('shows values that are hidden as secrets only to who may approve', async () => {
    const { message } = await house.proposed({ writes: [secretWrite()] }, 'U_VISITOR')
    await house.press(message, 'Edit', 'U_VISITOR')
    await untilTold('U_VISITOR', 'It holds values that are hidden as secrets: spec.')
    expect(house.slack.views('U_VISITOR')).toEqual([])
    await house.press(message, 'Edit', 'U_SECOND')
    expect((await opened('Edit a change', 'U_SECOND')).blocks[0]).toMatchObject({
      element: { initial_value: expect.stringContaining(SECRET) as string },
    })
  })
})

const SECRET = 'Bearer q8Zt1vXw5LrN0bKd'

/** A write whose manifest holds a secret. */
function secretWrite(): ChangeRecord['writes'][0] {
  const [write] = sampleChange().writes
  const manifest = `${MANIFEST}  trafficPolicy:\n    authorization: ${SECRET}\n`
  return { ...write!, manifest } as ChangeRecord['writes'][0]
}

describe('the patch', () => {
  it('puts no secret of what is written into the channel, and gives it to who may approve alone', async () => {
    const { message, change } = await house.proposed({ writes: [secretWrite()] })
    await house.press(message, 'Download patch', 'U_VISITOR')
    await untilTold('U_VISITOR', 'The diff is in the thread')
    expect(house.told('U_VISITOR')).toContain('requires the role approver')
    await house.press(message, 'Download patch', 'U_SECOND')
    await house.slack.waitFor(() => house.slack.files().length === 3)
    for (const { bytes, sharedIn } of house.slack.files()) {
      const isDirect = sharedIn.every(({ channel }) => channel.startsWith('D'))
      if (!isDirect) expect(bytes.toString()).not.toContain(SECRET)
    }
    expect(house.slack.files().filter(({ bytes }) => bytes.toString().includes(SECRET))).toHaveLength(1)
    const events = (await auditEntries(house.backend.records)).filter(
      ({ entry }) => entry.event === 'patch-sent' && entry.run === change.run,
    )
    expect(events).toMatchObject([{ entry: { by: { user: 'U_SECOND' } } }])
  })

  it('comes as a diff and as YAML, directly, to who may approve', async () => {
    const { message, change } = await house.proposed()
    await house.press(message, 'Download patch', 'U_SECOND')
    await house.slack.waitFor(() => house.slack.files().length === 2)
    const files = house.slack.files()
    expect(files.map(({ name }) => name)).toEqual([
      `mesh-medic-add-subsets-${change.id}.diff`,
      `mesh-medic-add-subsets-${change.id}.yaml`,
    ])
    expect(files.map(({ bytes }) => bytes.toString())).toEqual([
      change.diff,
      `# kubectl create -f mesh-medic-add-subsets-${change.id}.yaml\n${MANIFEST}`,
    ])
    const [directly] = new Set(files.flatMap(({ sharedIn }) => sharedIn.map(({ channel }) => channel)))
    expect(directly).toMatch(/^D/)
    expect(files.every(({ sharedIn }) => sharedIn.every(({ channel }) => channel === directly))).toBe(true)
    await untilTold('U_SECOND', 'The patch was sent to you directly')
  })

  it('of a long diff is in the thread at once', async () => {
    const diff = Array.from({ length: 900 }, (_, line) => `+  line ${line}`).join('\n')
    const { message } = await house.proposed({ diff })
    expect(house.now(message)).toContain('the whole is in the file in this thread')
    expect(house.now(message)).toContain(PROPOSAL_BUTTONS)
    expect(house.slack.files().map(({ bytes }) => bytes.toString())).toEqual([diff])
    await house.press(message, 'Download patch', 'U_VISITOR')
    await untilTold('U_VISITOR', 'The diff is in the thread')
    expect(house.slack.files()).toHaveLength(1)
  })
})
