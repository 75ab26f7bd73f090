import type { SlackStandIn } from '../contract.ts'
import type { Ephemeral, Fields, Message, Person, StoredFile } from '../records.ts'
import { attribute, escapeHtml } from '../rendering/escape-html.ts'
import { listIn, textIn } from '../rendering/fields.ts'
import { blocksHtml } from '../rendering/html.ts'
import type { Choice, HtmlContext } from '../rendering/html-context.ts'
import { mrkdwnToHtml } from '../rendering/mrkdwn-html.ts'
import { withEmoji } from '../rendering/mrkdwn.ts'
import { timeHtml } from '../rendering/time-html.ts'
import { compareTs } from '../workspace.ts'
import { fileAddress, isPicture, isText } from './files.ts'

/** What the page shows, and to whom. */
export interface Onlooker {
  readonly standIn: SlackStandIn
  readonly people: readonly Person[]
  readonly channels: readonly Choice[]
  /** User id. */
  readonly user: string
}

/** What the blocks of a message or view need to know. */
export const contextOf = ({ standIn, people, channels }: Onlooker, place: string): HtmlContext => ({
  names: standIn.names,
  place,
  people,
  channels,
  file: (id) => {
    const file = standIn.files().find((other) => other.id === id)
    return file !== undefined && isPicture(file) ? fileAddress(file) : undefined
  },
})

/** Everything that was said in the channels and that this person sees. */
export const channelsHtml = (onlooker: Onlooker): string => {
  const { standIn, user } = onlooker
  const channels = [...standIn.messages(), ...standIn.ephemerals(user)].map(({ channel }) => channel)
  return [...new Set(channels)].map((channel) => channelHtml(onlooker, channel)).join('')
}

const channelHtml = (onlooker: Onlooker, channel: string): string => {
  const { standIn, user } = onlooker
  const all = [
    ...standIn.messages(channel).map((message) => ({ message, html: messageHtml(onlooker, message) })),
    ...standIn
      .ephemerals(user)
      .filter((ephemeral) => ephemeral.channel === channel)
      .map((message) => ({ message, html: ephemeralHtml(onlooker, message) })),
  ].sort((a, b) => compareTs(a.message.ts, b.message.ts))
  const threads = all
    .filter(({ message }) => message.threadTs === undefined)
    .map(({ message, html }) => {
      const { ts } = message
      // What only one person sees begins no thread.
      if ('via' in message) return `<article id="note-${attribute(ts)}">${html}</article>`
      const replies = all.filter((other) => other.message.threadTs === ts).map((reply) => reply.html)
      const reply = `<button type="button" class="reply" data-act="reply" data-ts="${attribute(ts)}">Reply in the thread</button>`
      return `<article class="thread" id="thread-${attribute(ts)}">${html}${repliesHtml(replies)}${reply}</article>`
    })
  const name = escapeHtml(standIn.names.channel(channel))
  return `<section id="channel-${attribute(channel)}" aria-label="Channel ${name}"><h2 class="channel">#${name}</h2>${threads.join('')}</section>`
}

const repliesHtml = (replies: readonly string[]): string => {
  if (replies.length === 0) return ''
  const count = replies.length === 1 ? '1 reply' : `${replies.length} replies`
  return `<details class="replies" open><summary>${count}</summary>${replies.join('')}</details>`
}

const timeOf = (ts: string): string =>
  timeHtml(Number(ts), '{time_secs}', `${new Date(Number(ts) * 1000).toISOString().slice(11, 19)} UTC`)

const bodyHtml = (onlooker: Onlooker, message: Message | Ephemeral): string => {
  const context = contextOf(onlooker, message.ts)
  const said =
    message.blocks.length > 0
      ? blocksHtml(message.blocks, context)
      : message.text === ''
        ? ''
        : `<div class="text">${mrkdwnToHtml(message.text, context.names)}</div>`
  return said + message.attachments.map((attachment) => attachmentHtml(attachment, context)).join('')
}

const attachmentHtml = (attachment: Fields, context: HtmlContext): string => {
  const text = textIn(attachment.text) || textIn(attachment.fallback)
  const inside = listIn(attachment.blocks)
  return `<blockquote>${inside.length > 0 ? blocksHtml(inside, context) : `<div class="text">${mrkdwnToHtml(text, context.names)}</div>`}</blockquote>`
}

const messageHtml = (onlooker: Onlooker, message: Message): string => {
  const { standIn } = onlooker
  const author = standIn.names.person(message.user)
  const isApp = message.user === standIn.app.userId
  const edited = message.editedTs === undefined ? '' : ' <span class="muted">(edited)</span>'
  const reactions = message.reactions.map(
    ({ name, users }) => `<span class="chip">${escapeHtml(withEmoji(`:${name}:`))} ${users.length}</span>`,
  )
  const head = `<span class="avatar${isApp ? ' app' : ''}" aria-hidden="true">${escapeHtml(author.slice(0, 1).toUpperCase())}</span><span class="name">${escapeHtml(author)}</span>${isApp ? ' <span class="chip">APP</span>' : ''} <span class="muted">${timeOf(message.ts)}</span>${edited}`
  return `<div class="message" id="message-${attribute(message.ts)}"><div class="head">${head}</div><div class="body">${bodyHtml(onlooker, message)}${message.files.map(fileHtml).join('')}${reactions.join(' ')}</div></div>`
}

const ephemeralHtml = (onlooker: Onlooker, ephemeral: Ephemeral): string =>
  `<div class="message only" id="message-${attribute(ephemeral.ts)}"><div class="head"><span class="muted">👁 Only visible to you · ${timeOf(ephemeral.ts)}</span></div><div class="body">${bodyHtml(onlooker, ephemeral)}</div></div>`

const size = (bytes: number): string => (bytes < 1024 ? `${bytes} bytes` : `${Math.round(bytes / 1024)} KB`)

const fileHtml = (file: StoredFile): string => {
  const address = attribute(fileAddress(file))
  const name = escapeHtml(file.name)
  const title = escapeHtml(file.title)
  const view = isText(file)
    ? `<button type="button" data-act="view" data-file="${address}" data-title="${title}" aria-haspopup="dialog">View</button> `
    : ''
  const picture = isPicture(file)
    ? `<a href="${address}" target="_blank"><img src="${address}" alt="${escapeHtml(file.altText ?? file.title)}"></a>`
    : ''
  return `<figure class="file">${picture}<figcaption><span><b>${title}</b> <span class="muted">${name}, ${size(file.bytes.length)}</span></span><span class="actions">${view}<a class="button" href="${address}" download="${name}">Download</a></span></figcaption></figure>`
}
