import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pino } from 'pino'
import { openClients } from '../../src/cli/clients.ts'
import { policyOf } from '../../src/config/policy.ts'
import type { Policy } from '../../src/fixes/policy.ts'
import { clusterWriter } from '../../src/fixes/writer.ts'
import type { Backend } from '../../src/queue/backend.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import type { Message, SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { startSlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { messageLines } from '../../src/sandbox/slack/terminal.ts'
import { startBot, type Bot } from '../../src/bot.ts'
import { openIdentities } from './identities.ts'

/** Who is who in C_MESH: U_ONCALL asks, U_SECOND approves, U_NORIGHTS may approve here and nothing in the cluster. */
export const POLICY = policyOf({
  channels: {
    C_MESH: {
      roles: { operator: { users: ['U_ONCALL'] }, approver: { users: ['U_ONCALL', 'U_SECOND', 'U_NORIGHTS'] } },
    },
  },
  identities: {
    users: {
      U_ONCALL: { user: 'oncall@example.com', groups: ['mesh-medic:approvers'] },
      U_SECOND: { user: 'second@example.com', groups: ['mesh-medic:approvers'] },
      U_NORIGHTS: { user: 'no-rights@example.com' },
    },
  },
})

/** A message as a person sees it. */
export interface Shown {
  message: Message
  text: string
  /** Labels of its buttons. */
  actions: string[]
}

/** The bot on a real mesh and the Slack stand-in, with the rights that deploy/ gives it. */
export interface LiveBot {
  standIn: SlackStandIn
  backend: Backend
  bot: Bot
  /** Types the command; the parent message once it holds a verdict. */
  diagnose(target?: string): Promise<Message>
  read(message: Message): string
  click(message: Message, button: string, user: string): Promise<void>
  /** The newest message that shows something. */
  seen(what: RegExp, also?: (shown: Shown) => boolean, milliseconds?: number): Promise<Shown>
  /** What only one person was told. */
  told(user: string, what: RegExp): Promise<string>
  /** All of the threads, as text. */
  thread(): string
  close(): Promise<void>
}

const labels = (message: Message): string[] =>
  (message.blocks as unknown as { type: string; elements?: { text?: { text?: string } }[] }[])
    .filter(({ type }) => type === 'actions')
    .flatMap(({ elements = [] }) => elements.flatMap(({ text }) => text?.text ?? []))

export async function openLiveBot(policy: Policy = POLICY): Promise<LiveBot> {
  const log = pino({ level: process.env.SHOW_LOG === undefined ? 'silent' : 'info' })
  const name = `live-bot-${process.pid}-${Date.now().toString(36)}`
  const identities = await openIdentities({
    name,
    users: ['oncall@example.com', 'second@example.com', 'no-rights@example.com'],
  })
  const folder = await mkdtemp(join(tmpdir(), 'mesh-medic-live-'))
  const standIn = await startSlackStandIn({
    people: [
      { id: 'U_ONCALL', name: 'oncall' },
      { id: 'U_SECOND', name: 'second' },
      { id: 'U_NORIGHTS', name: 'norights' },
    ],
  })
  const backend = await openBackend({ dataFolder: folder, log })
  const clients = openClients(
    { istioctl: process.env.ISTIOCTL, kubeconfig: identities.kubeconfig },
    new AbortController(),
  )
  const bot = await startBot({
    backend,
    log,
    clients,
    policy: { ...policy, captures: { ...policy.captures, namespace: `${name}-capture` } },
    writer: clusterWriter({ clients, capture: policy.captures.image, kubeconfig: identities.kubeconfig }),
    options: { botToken: standIn.botToken, appToken: standIn.appToken, apiUrl: standIn.url },
  })
  const read = (message: Message): string => messageLines(message, standIn.names).join('\n')
  const shown = (message: Message): Shown => ({ message, text: read(message), actions: labels(message) })
  return {
    standIn,
    backend,
    bot,
    read,
    async diagnose(target = 'catalog -n istioinaction') {
      const before = new Set(standIn.messages().map(({ ts }) => ts))
      await standIn.type(`/mesh diagnose ${target}`)
      const parent = await standIn.waitFor(
        () =>
          standIn
            .messages()
            .find((one) => !before.has(one.ts) && one.threadTs === undefined && /Ill|Healthy|Unclear/.test(read(one))),
        60_000,
      )
      await standIn.waitFor(
        () => standIn.thread(parent.channel, parent.ts).find((one) => /^(Proof|The path of a request)/.test(read(one))),
        30_000,
      )
      return standIn.message(parent.channel, parent.ts) ?? parent
    },
    async click(message, button, user) {
      await standIn.click(standIn.message(message.channel, message.ts) ?? message, button, { user })
    },
    async seen(what, also = () => true, milliseconds = 30_000) {
      for (const late = Date.now() + milliseconds; ;) {
        const found = standIn
          .messages()
          .map(shown)
          .findLast((one) => what.test(one.text) && also(one))
        if (found !== undefined) return found
        if (Date.now() > late)
          throw new Error(
            `no message shows ${String(what)}:\n${standIn
              .messages()
              .slice(-6)
              .map((one) => JSON.stringify(shown(one).actions) + read(one))
              .join('\n---\n')}\nprivately: ${standIn
              .ephemerals()
              .map((one) => one.text)
              .join('\n')}`,
          )
        await pause(100)
      }
    },
    async told(user, what) {
      return standIn.waitFor(
        () =>
          standIn
            .ephemerals(user)
            .map((one) => messageLines(one as unknown as Message, standIn.names).join('\n'))
            .find((text) => what.test(text)),
        30_000,
      )
    },
    thread: () => standIn.messages().map(read).join('\n'),
    async close() {
      await bot.stop()
      await backend.close()
      await standIn.close()
      await identities.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
