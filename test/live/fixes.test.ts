import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditEntries, verifyAudit } from '../../src/store/audit.ts'
import { readSituation } from '../situation.ts'
import { openLiveBot, type LiveBot } from './bot.ts'
import { kubectl, makeIll, sendRequests, until } from './mesh.ts'

const TRAFFIC = { host: 'catalog.istioinaction.io', path: '/items', requests: 20 }

describe('from /mesh diagnose catalog to a proved fix and back', () => {
  let bot: LiveBot
  beforeAll(async () => {
    await makeIll(readSituation('chapter-10'))
    bot = await openLiveBot()
  })
  afterAll(() => bot.close())

  const rules = async (): Promise<string> =>
    (await kubectl(['-n', 'istioinaction', 'get', 'destinationrules', '-o', 'name'])).trim()

  it('proposes the DestinationRule, and writes nothing', async () => {
    expect(await sendRequests(TRAFFIC)).toEqual({ 503: 20 })
    const parent = await bot.diagnose()
    expect(bot.read(parent)).toMatch(/Ill/)
    await bot.click(parent, 'Propose fix', 'U_ONCALL')
    const proposal = await bot.seen(/add-subsets|Define subset/, ({ actions }) => actions.includes('Approve'))
    expect(proposal.text).toContain('+  subsets:')
    expect(proposal.text).toMatch(/version: v1[\s\S]*version: v2/)
    expect(await rules()).toBe('')
  })

  it("refuses the requester's own approval", async () => {
    const proposal = await bot.seen(/Define subset/, ({ actions }) => actions.includes('Approve'))
    await bot.click(proposal.message, 'Approve', 'U_ONCALL')
    expect(await bot.told('U_ONCALL', /asked for this change yourself/)).toBeTruthy()
    expect(await rules()).toBe('')
  })

  it('is refused by the cluster for an approver without rights, in its own words', async () => {
    const proposal = await bot.seen(/Define subset/, ({ actions }) => actions.includes('Approve'))
    await bot.click(proposal.message, 'Approve', 'U_NORIGHTS')
    const refused = await bot.seen(
      /destinationrules\.networking\.istio\.io .*is forbidden: User "no-rights@example\.com" cannot/,
    )
    expect(refused.text).toMatch(/failed|not applied/i)
    expect(await rules()).toBe('')
  })

  it('applies it after a second person approved, and proves it', async () => {
    const parent = await bot.diagnose()
    await bot.click(parent, 'Propose fix', 'U_ONCALL')
    const proposal = await bot.seen(/Define subset/, ({ actions }) => actions.includes('Approve'))
    await bot.click(proposal.message, 'Approve', 'U_SECOND')
    await until('the DestinationRule to be there', 30, async () => (await rules()) !== '')
    const list = JSON.parse(
      await kubectl(['-n', 'istioinaction', 'get', 'destinationrules', '-o', 'json', '--show-managed-fields']),
    ) as { items: { metadata: { managedFields: { manager: string; operation: string }[] } }[] }
    const [written] = list.items
    expect(written?.metadata.managedFields.map(({ manager, operation }) => `${manager} ${operation}`)).toContain(
      'mesh-medic Apply',
    )
    // The proxies take a moment; then every request is answered.
    await new Promise((resolve) => setTimeout(resolve, 3000))
    expect(await sendRequests(TRAFFIC)).toEqual({ 200: 20 })
    const proved = await bot.seen(/gone/, ({ actions }) => actions.includes('Undo'), 60_000)
    expect(proved.text).toMatch(/20 of 20 requests succeeded/)
    // What the looks showed before and after follows the outcome.
    await until('the looks', 30, () => Promise.resolve(/\d+\.\d+\.\d+\.\d+:3000/.test(bot.thread())))
    expect(bot.thread()).toMatch(/outbound\|80\|version-v1\|catalog\.istioinaction/)
    const decided = await bot.seen(/Approved by @second[\s\S]*Define subset/)
    expect(decided.actions).not.toContain('Approve')
  })

  it('takes it back on Undo: 503 again', async () => {
    const proved = await bot.seen(/gone/, ({ actions }) => actions.includes('Undo'))
    await bot.click(proved.message, 'Undo', 'U_SECOND')
    await bot.seen(/undone|taken back/i, ({ text }) => !text.includes('is being'), 30_000)
    expect(await rules()).toBe('')
    await new Promise((resolve) => setTimeout(resolve, 3000))
    expect(await sendRequests(TRAFFIC)).toEqual({ 503: 20 })
  })

  it('has all of it in the audit, whole', async () => {
    const events = (await auditEntries(bot.backend.records)).map(({ entry }) => entry.event)
    expect(events).toEqual(
      expect.arrayContaining([
        'diagnosis-asked',
        'fix-proposed',
        'fix-refused',
        'fix-approved',
        'fix-failed',
        'fix-applied',
        'fix-verified',
        'fix-undone',
      ]),
    )
    expect(await verifyAudit(bot.backend.records)).toMatchObject({ ok: true })
    expect(bot.standIn.calls.filter(({ ok }) => !ok)).toEqual([])
  })
})
