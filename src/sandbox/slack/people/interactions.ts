import { messageJson, viewJson } from '../message-json.ts'
import type { Block, Channel, Ephemeral, Fields, Message, Person, ShownView } from '../records.ts'
import { isFields } from '../../../mesh/fields.ts'
import { elementsIn, stateOf, stateOfBlocks, type Given } from './input-values.ts'
import {
  channelName,
  channelOf,
  interactiveFields,
  invocationOf,
  personOf,
  refusedInvocation,
  seenBy,
  type Invocation,
  type MessageOrTs,
  type Stage,
  type Whereabouts,
} from './stage.ts'

/** What a person can act in. */
export type Place =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'ephemeral'; readonly ephemeral: Ephemeral }
  | { readonly kind: 'view'; readonly view: ShownView }

/** Finds what is meant, as it is now. @throws Error when it is gone or was never there */
export const placeOf = (stage: Stage, wanted: MessageOrTs | ShownView): Place => {
  const { workspace } = stage
  if (typeof wanted !== 'string' && 'rootViewId' in wanted) {
    const view = workspace.view(wanted.id)
    if (view === undefined) throw new Error(`The view "${wanted.title}" is closed.`)
    return { kind: 'view', view }
  }
  const ts = typeof wanted === 'string' ? wanted : wanted.ts
  const message = workspace
    .messages()
    .find((other) => other.ts === ts && (typeof wanted === 'string' || other.channel === wanted.channel))
  if (message !== undefined && message.isTombstone !== true) return { kind: 'message', message }
  const ephemeral = workspace.ephemerals().find((other) => other.ts === ts)
  if (ephemeral === undefined) throw new Error(`There is no message ${ts}.`)
  return { kind: 'ephemeral', ephemeral }
}

export const blocksOf = (place: Place): readonly Block[] => {
  if (place.kind === 'view') return place.view.blocks
  const { blocks, attachments } = place.kind === 'message' ? place.message : place.ephemeral
  return [
    ...blocks,
    ...attachments.flatMap((attachment) => (Array.isArray(attachment.blocks) ? (attachment.blocks as Block[]) : [])),
  ]
}

/** @throws Error when no element, or more than one, has that action_id or text */
const elementOf = (place: Place, wanted: string): { readonly blockId: string; readonly element: Fields } => {
  const all = elementsIn(blocksOf(place))
  const label = (element: Fields) => (isFields(element.text) ? element.text.text : undefined)
  const byId = all.filter(({ element }) => element.action_id === wanted)
  const found = byId.length > 0 ? byId : all.filter(({ element }) => label(element) === wanted)
  const [first] = found
  if (first === undefined)
    throw new Error(
      `There is nothing "${wanted}" here, only ${all.map(({ element }) => `${String(element.action_id)} (${String(label(element) ?? element.type)})`).join(', ')}.`,
    )
  if (found.length > 1) throw new Error(`There is more than one "${wanted}" here.`)
  return first
}

/**
 * A person presses a button, or picks something in an element.
 * @param given what they picked; left out for buttons
 * @param options.confirm what they answer to a confirmation dialog; `false`: nothing is delivered
 */
export const actOn = async (
  stage: Stage,
  wanted: MessageOrTs | ShownView,
  action: string,
  given: Given | undefined,
  options: Whereabouts & { readonly confirm?: boolean },
): Promise<Invocation> => {
  const place = placeOf(stage, wanted)
  const person = personOf(
    stage,
    options.user ??
      (place.kind === 'ephemeral' ? place.ephemeral.user : place.kind === 'view' ? place.view.user : undefined),
  )
  if (place.kind !== 'message' && (place.kind === 'view' ? place.view.user : place.ephemeral.user) !== person.id)
    throw new Error(`${person.name} does not see that.`)
  const { blockId, element } = elementOf(place, action)
  if (element.confirm !== undefined && options.confirm === false) return refusedInvocation('cancelled by the person')
  const seenBefore = seenBy(stage, person)
  const triggerId = stage.triggers.issue(person.id, place.kind === 'view' ? place.view.id : undefined)
  const origin = originOf(stage, place, person)
  const responseUrl = origin === undefined ? undefined : stage.origin + stage.responseUrls.issue(origin)
  const result = await stage.deliveries.deliver({
    kind: 'interactive',
    body: {
      type: 'block_actions',
      ...interactiveFields(stage, person),
      trigger_id: triggerId,
      ...(responseUrl === undefined ? {} : { response_url: responseUrl }),
      ...placeFields(stage, place),
      actions: [actionJson(stage, element, blockId, given)],
    },
  })
  return invocationOf(stage, person, result, {
    triggerId,
    seenBefore,
    ...(responseUrl === undefined ? {} : { responseUrl }),
    ...(result.ok ? {} : { shownError: 'This app is not responding. Try again.' }),
  })
}

const actionJson = (stage: Stage, element: Fields, blockId: string, given: Given | undefined): Fields => {
  if (element.type === 'feedback_buttons') return feedbackJson(stage, element, blockId, given)
  const { type, text, value, style, url } = element
  const state = stateOf(element, given)
  return {
    type,
    block_id: blockId,
    action_id: element.action_id,
    ...(state ?? {
      text,
      ...(value === undefined ? {} : { value }),
      ...(style === undefined ? {} : { style }),
      ...(url === undefined ? {} : { url }),
    }),
    action_ts: stage.workspace.nextTs(),
  }
}

/** A press of one of two feedback buttons, by its label or value. @throws Error when neither has it */
const feedbackJson = (stage: Stage, element: Fields, blockId: string, given: Given | undefined): Fields => {
  const buttons = [element.positive_button, element.negative_button].filter(isFields)
  const pressed = buttons.find(({ value, text }) => value === given || (isFields(text) && text.text === given))
  if (pressed === undefined) throw new Error(`Neither of the feedback buttons is ${JSON.stringify(given)}.`)
  return {
    type: element.type,
    block_id: blockId,
    action_id: element.action_id,
    text: pressed.text,
    value: pressed.value,
    action_ts: stage.workspace.nextTs(),
  }
}

const originOf = (stage: Stage, place: Place, person: Person) => {
  if (place.kind === 'view') return undefined
  const { channel, ts, threadTs } = place.kind === 'message' ? place.message : place.ephemeral
  channelOf(stage, channel, person)
  return {
    user: person.id,
    channel,
    original: { ts, isEphemeral: place.kind === 'ephemeral', ...(threadTs === undefined ? {} : { threadTs }) },
  }
}

/** Where it happened. Payloads about ephemeral messages carry no message. */
const placeFields = (stage: Stage, place: Place): Fields => {
  const { workspace } = stage
  if (place.kind === 'view') {
    const values = stateOfBlocks(place.view.blocks)
    return { container: { type: 'view', view_id: place.view.id }, view: viewJson(place.view, workspace, values) }
  }
  const { channel: id, ts, threadTs, blocks } = place.kind === 'message' ? place.message : place.ephemeral
  const channel = workspace.channels.get(id)
  return {
    container: {
      type: 'message',
      message_ts: ts,
      channel_id: id,
      is_ephemeral: place.kind === 'ephemeral',
      ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
    },
    channel: { id, name: channel === undefined ? '' : channelName(channel) },
    ...(place.kind === 'message' ? { message: messageJson(place.message, workspace, { metadata: true }) } : {}),
    state: { values: stateOfBlocks(blocks) },
  }
}

/** A person picks a message shortcut from a message's menu. */
export const useMessageShortcut = async (
  stage: Stage,
  callbackId: string,
  wanted: Message | string,
  where: Whereabouts,
): Promise<Invocation> => {
  const place = placeOf(stage, wanted)
  if (place.kind !== 'message') throw new Error('Shortcuts are for messages that everybody sees.')
  const person = personOf(stage, where.user)
  const channel = channelOf(stage, place.message.channel, person)
  const { ts } = place.message
  const responseUrl = stage.origin + stage.responseUrls.issue({ user: person.id, channel: channel.id })
  return useShortcut(stage, person, channel, {
    type: 'message_action',
    callback_id: callbackId,
    message_ts: ts,
    message: messageJson(place.message, stage.workspace, { metadata: true }),
    response_url: responseUrl,
  })
}

/** A person picks a global shortcut. */
export const useGlobalShortcut = (stage: Stage, callbackId: string, user: string | undefined): Promise<Invocation> =>
  useShortcut(stage, personOf(stage, user), undefined, { type: 'shortcut', callback_id: callbackId })

const useShortcut = async (
  stage: Stage,
  person: Person,
  channel: Channel | undefined,
  fields: Fields,
): Promise<Invocation> => {
  if (!stage.scopes.has('commands')) return refusedInvocation('There is no such shortcut.')
  const triggerId = stage.triggers.issue(person.id)
  const seenBefore = seenBy(stage, person)
  const place = channel === undefined ? {} : { channel: { id: channel.id, name: channelName(channel) } }
  const result = await stage.deliveries.deliver({
    kind: 'interactive',
    body: {
      ...interactiveFields(stage, person),
      ...fields,
      ...place,
      trigger_id: triggerId,
      action_ts: stage.workspace.nextTs(),
    },
  })
  return invocationOf(stage, person, result, {
    triggerId,
    seenBefore,
    ...(typeof fields.response_url === 'string' ? { responseUrl: fields.response_url } : {}),
    ...(result.ok ? {} : { shownError: 'This app is not responding. Try again.' }),
  })
}

/** A person types into an external select: the app is asked for options (block_suggestion). */
export const askForOptions = async (
  stage: Stage,
  wanted: Message | ShownView,
  action: string,
  typed: string,
  where: Whereabouts,
) => {
  const place = placeOf(stage, wanted)
  const person = personOf(stage, where.user)
  const { blockId, element } = elementOf(place, action)
  const { container, channel, message, view } = placeFields(stage, place)
  const result = await stage.deliveries.deliver({
    kind: 'interactive',
    body: {
      type: 'block_suggestion',
      ...interactiveFields(stage, person),
      container,
      block_id: blockId,
      action_id: element.action_id,
      value: typed,
      ...(channel === undefined ? {} : { channel }),
      ...(message === undefined ? {} : { message }),
      ...(view === undefined ? {} : { view }),
    },
  })
  if (!result.ok) return []
  const { options, option_groups } = result.response
  const groups = Array.isArray(option_groups) ? option_groups.filter(isFields) : []
  return [{ options }, ...groups]
    .flatMap((holder) => (Array.isArray(holder.options) ? holder.options.filter(isFields) : []))
    .map((option) => ({ text: isFields(option.text) ? String(option.text.text) : '', value: String(option.value) }))
}
