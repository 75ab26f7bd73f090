import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeAfterEach, openSlack, openSocketApp } from './bolt-app.ts'
import { chromiumIsPresent, inChromium, startChromium } from './chromium.ts'

const WIDE = { width: 1400, height: 900 }
const NARROW = { width: 360, height: 740 }

let browser: Browser
let address = ''
/** Addresses that a page asked for and that are not the demo's. */
const foreign: string[] = []
const errors: string[] = []

async function open(viewport: typeof WIDE, at = address): Promise<Page> {
  const page = await browser.newPage({ viewport, acceptDownloads: true })
  page.setDefaultTimeout(60_000)
  page.on('request', (request) => {
    if (!request.url().startsWith(at) && !request.url().startsWith('data:')) foreign.push(request.url())
  })
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.goto(at)
  await page.locator('.thread').first().waitFor()
  return page
}

/** The newest button that has this text. */
const buttonOf = (page: Page, text: string): Locator =>
  page.locator('main button', { hasText: new RegExp(`^${text}$`) }).last()

/** The message with that button, as it goes on without it. */
const messageOf = async (page: Page, button: string): Promise<Locator> => {
  const message = buttonOf(page, button).locator('xpath=ancestor::*[contains(@class, "message")]')
  return page.locator(`[id="${(await message.getAttribute('id'))!}"]`)
}

/** Presses the newest button of that label by mouse, and says yes where it asks first. */
async function press(page: Page, name: string): Promise<void> {
  const button = buttonOf(page, name)
  // What was pressed before was taken.
  await page.locator('#progress:empty').waitFor({ state: 'attached' })
  const asks = (await button.getAttribute('aria-haspopup')) === 'dialog'
  await button.click()
  if (asks) await page.locator('dialog.confirm[open] .actions button').last().click()
}

// What is asked of the page is text: there are no types of a browser here.
const familyOf = (page: Page, selector: string): Promise<string> =>
  page.evaluate(`getComputedStyle(document.querySelector('${selector}')).fontFamily`)

/** What a mouse would hit in the middle of an element, by `id`s, from the inside out. */
const hit = async (page: Page, target: Locator): Promise<string[]> => {
  const { x, y, width, height } = (await target.boundingBox())!
  return page.evaluate(`
    (() => {
      const around = []
      for (let node = document.elementFromPoint(${x + width / 2}, ${y + height / 2}); node !== null; node = node.parentElement)
        if (node.id !== '') around.push(node.id)
      return around
    })()`)
}

/** Defines the tests of the page of a demo that has said where it is. */
export function demoInChromium(pageOf: () => string): void {
  describe.skipIf(!chromiumIsPresent())(`the demo's page ${inChromium}`, () => {
    beforeAll(async () => {
      address = pageOf()
      browser = await startChromium()
    })
    afterAll(() => browser.close())
    closeAfterEach()

    it('is played by mouse: propose, approve as the second person, proof, undo', async () => {
      const page = await open(WIDE)
      await press(page, 'Propose fix')
      const change = await messageOf(page, 'Approve')
      const added = change.locator('.diff .added').first()
      expect(await added.textContent()).toMatch(/^\+/)
      expect(await familyOf(page, '.diff .added')).toContain('monospace')
      const refusals = page.locator('.only', { hasText: 'You may not approve changes here' })
      const before = await refusals.count()
      await press(page, 'Approve')
      await expect.poll(() => refusals.count()).toBe(before + 1)
      await page.getByLabel('You are').selectOption('second')
      await press(page, 'Approve')
      await change.filter({ hasText: 'Approved by @second' }).waitFor()
      const outcome = await messageOf(page, 'Undo')
      await outcome.filter({ hasText: 'Gone' }).waitFor()
      const root = page.locator('.thread', { has: outcome }).locator('> .message')
      await root.filter({ hasText: 'Fixed' }).waitFor()
      await press(page, 'Undo')
      await outcome.filter({ hasText: 'Undone' }).waitFor()
      await root.filter({ hasText: 'Ill' }).waitFor()
      await page.close()
    })

    it('plays another situation at one click, and opens at the head of the newest thread', async () => {
      const page = await open(WIDE)
      await page.getByRole('button', { name: 'The gateway answers 404' }).click()
      const newest = page.locator('.thread').last()
      await newest.getByRole('button', { name: 'Propose fix' }).waitFor()
      // The thread is told to its end: whoever reads its last line follows it.
      await newest.filter({ hasText: 'The path of a request' }).waitFor()
      await page.locator('#progress:empty').waitFor({ state: 'attached' })
      await page.close()
      const narrow = await open(NARROW)
      const head = (await narrow.locator('.thread').last().locator('.head').first().boundingBox())!
      expect(head.y).toBeGreaterThan(0)
      expect(head.y).toBeLessThan(NARROW.height / 3)
      expect(await narrow.evaluate('scrollY')).toBeGreaterThan(NARROW.height)
      expect(await narrow.evaluate('document.documentElement.scrollWidth')).toBe(NARROW.width)
      const title = "document.querySelector('header h1')"
      expect(await narrow.evaluate(`${title}.scrollWidth <= ${title}.clientWidth`)).toBe(true)
      await narrow.close()
    })

    it.each([WIDE, NARROW])(
      'has windows over everything else at $width pixels, by mouse and keyboard',
      async (size) => {
        const page = await open(size)
        const composer = page.getByLabel('Message or command')
        expect(await hit(page, composer)).toContain('type')
        await press(page, 'Raise log level')
        const dialog = page.getByRole('dialog', { name: 'Raise log level' })
        await dialog.waitFor()
        expect(await hit(page, composer)).not.toContain('type')
        // From its first field backwards: to its last button, and never to what lies under it.
        for (const key of ['Tab', 'Shift+Tab', 'Shift+Tab', 'Shift+Tab', 'Shift+Tab']) {
          await page.keyboard.press(key)
          expect(await page.evaluate("document.activeElement.closest('#type, header, main, aside') === null")).toBe(
            true,
          )
        }
        await page.keyboard.press('Escape')
        await dialog.waitFor({ state: 'detached' })
        expect(await hit(page, composer)).toContain('type')
        await page.close()
      },
    )

    it('shows a file and lets it be kept', async () => {
      const page = await open(NARROW)
      await press(page, 'Full report')
      const file = page.locator('figure.file', { hasText: '.md' }).last()
      await file.getByRole('button', { name: 'View' }).click()
      const text = page.locator('dialog.file-view pre')
      expect(await text.textContent()).toContain('catalog')
      expect(await familyOf(page, 'dialog.file-view pre')).toContain('monospace')
      await page.keyboard.press('Escape')
      const [download] = await Promise.all([page.waitForEvent('download'), file.getByText('Download').click()])
      expect(download.suggestedFilename()).toMatch(/^mesh-medic-catalog-\w+\.md$/)
      await page.close()
    })

    it('asks before what says so, and says what is wrong with a field under it', async () => {
      const slack = await openSlack()
      const pressed: string[] = []
      const label = { type: 'plain_text' as const, text: 'Why' }
      const element = { type: 'plain_text_input' as const, action_id: 'x' }
      const view = {
        type: 'modal' as const,
        callback_id: 'why',
        title: label,
        submit: label,
        blocks: [{ type: 'input' as const, block_id: 'reason', label, element }],
      }
      const { client } = await openSocketApp(slack, (bolt) => {
        bolt.action('go', async ({ ack, body }) => {
          await ack()
          pressed.push(body.user.id)
          await client.views.open({ trigger_id: 'trigger_id' in body ? body.trigger_id : '', view })
        })
        bolt.view('why', async ({ ack, view: { state } }) => {
          if (state.values.reason?.x?.value === 'good') await ack()
          else await ack({ response_action: 'errors', errors: { reason: 'Not good enough' } })
        })
      })
      const confirm = { title: label, text: label, confirm: { ...label, text: 'Yes' }, deny: { ...label, text: 'No' } }
      const text = '<script>document.title="taken"</script> *bold* \u202Egpj'
      await client.chat.postMessage({
        channel: 'C_MESH',
        text: 'x',
        blocks: [
          { type: 'section', text: { type: 'mrkdwn', text } },
          { type: 'actions', elements: [{ type: 'button', action_id: 'go', text: { ...label, text: 'Go' }, confirm }] },
        ],
      })
      const page = await open(NARROW, slack.pageUrl)
      expect(await page.locator('.body').textContent()).toContain(
        '<script>document.title="taken"</script> bold [U+202E]gpj',
      )
      expect(await page.title()).toBe('Slack stand-in')
      // What has the focus at first is the no.
      for (const no of ['Escape', 'Enter']) {
        await buttonOf(page, 'Go').click()
        const asked = page.getByRole('alertdialog', { name: 'Why' })
        await asked.waitFor()
        await page.keyboard.press(no)
        await asked.waitFor({ state: 'hidden' })
      }
      expect(pressed).toEqual([])
      await press(page, 'Go')
      const field = page.locator('dialog.view input')
      await field.fill('bad')
      await page.keyboard.press('Enter')
      await page.locator('.error', { hasText: 'Not good enough' }).waitFor()
      expect([await field.inputValue(), await field.getAttribute('aria-invalid')]).toEqual(['bad', 'true'])
      await field.fill('good')
      await page.keyboard.press('Enter')
      await page.locator('dialog.view').waitFor({ state: 'detached' })
      expect(pressed).toEqual(['U_ONCALL'])
      await page.close()
    })

    it('loads nothing from elsewhere, and nothing went wrong', () => {
      expect(foreign).toEqual([])
      expect(errors).toEqual([])
    })
  })
}
