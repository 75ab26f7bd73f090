import type { Fields } from '../records.ts'
import { isFields } from '../../../mesh/fields.ts'

/** What a person gives to an element: typed text, an option (by value or text), an id, a date; several for multi elements. */
export type Given = string | readonly string[]

const textOf = (option: Fields): unknown => (isFields(option.text) ? option.text.text : undefined)

const optionsOf = (element: Fields): readonly Fields[] => {
  const groups = Array.isArray(element.option_groups) ? element.option_groups.filter(isFields) : []
  return [element, ...groups].flatMap((holder) =>
    Array.isArray(holder.options) ? holder.options.filter(isFields) : [],
  )
}

/** @throws Error naming the options when there is no such one */
const optionOf = (element: Fields, wanted: string): Fields => {
  // What an external select offers is known to the app alone.
  if (String(element.type).includes('external')) return { text: { type: 'plain_text', text: wanted }, value: wanted }
  const options = optionsOf(element)
  const option = options.find((other) => other.value === wanted) ?? options.find((other) => textOf(other) === wanted)
  if (option === undefined)
    throw new Error(`There is no option "${wanted}", only ${options.map((other) => String(other.value)).join(', ')}.`)
  return option
}

/** The field in which Slack reports one id, by element. */
const SINGLE_ID: Readonly<Record<string, string>> = {
  users_select: 'user',
  conversations_select: 'conversation',
  channels_select: 'channel',
}

/** The fields for elements that hold one plain value: in the state, and for the initial value. */
const PLAIN: Readonly<Record<string, readonly [state: string, initial: string]>> = {
  datepicker: ['selected_date', 'initial_date'],
  timepicker: ['selected_time', 'initial_time'],
  plain_text_input: ['value', 'initial_value'],
  email_text_input: ['value', 'initial_value'],
  url_text_input: ['value', 'initial_value'],
  number_input: ['value', 'initial_value'],
}

/**
 * The state of an element as payloads carry it.
 * @param given what the person chose or typed; left out: what the element starts with
 * @returns nothing for elements that hold no state, such as buttons
 * @throws Error when the person could not do that, e.g. pick an option that isn't there
 */
export const stateOf = (element: Fields, given?: Given): Fields | undefined => {
  const type = String(element.type)
  const one = typeof given === 'string' ? given : given?.[0]
  const many = typeof given === 'string' ? [given] : given
  const plain = PLAIN[type]
  if (plain !== undefined) return { type, [plain[0]]: one === '' ? null : (one ?? element[plain[1]] ?? null) }
  if (type === 'datetimepicker')
    return { type, selected_date_time: one === undefined ? (element.initial_date_time ?? null) : Number(one) }
  if (type === 'static_select' || type === 'external_select' || type === 'radio_buttons' || type === 'overflow') {
    return { type, selected_option: one === undefined ? (element.initial_option ?? null) : optionOf(element, one) }
  }
  if (type === 'checkboxes' || type === 'multi_static_select' || type === 'multi_external_select') {
    return {
      type,
      selected_options:
        many === undefined ? (element.initial_options ?? []) : many.map((wanted) => optionOf(element, wanted)),
    }
  }
  const noun = SINGLE_ID[type.replace('multi_', '')]
  if (noun === undefined) return undefined
  return type.startsWith('multi_')
    ? { type, [`selected_${noun}s`]: many ?? element[`initial_${noun}s`] ?? [] }
    : { type, [`selected_${noun}`]: one ?? element[`initial_${noun}`] ?? null }
}

/** Whether an element's state says nothing, so that a required input is unfilled. */
export const isEmptyState = (state: Fields): boolean =>
  Object.entries(state).every(
    ([name, value]) =>
      name === 'type' || value === null || value === '' || (Array.isArray(value) && value.length === 0),
  )

/** What Slack's own client says against the typed text of an input. */
export const typingProblem = (element: Fields, state: Fields): string | undefined => {
  const { value } = state
  if (typeof value !== 'string' || value === '') return undefined
  const { min_length, max_length } = element
  if (typeof min_length === 'number' && value.length < min_length)
    return `Please enter at least ${min_length} characters.`
  if (value.length > (typeof max_length === 'number' ? max_length : 3_000)) return 'That is too long.'
  if (
    element.type === 'number_input' &&
    (!Number.isFinite(Number(value)) || (element.is_decimal_allowed === false && !Number.isInteger(Number(value))))
  )
    return 'Please enter a valid number.'
  if (element.type === 'email_text_input' && !/^\S+@\S+$/.test(value)) return 'Please enter a valid email address.'
  if (element.type === 'url_text_input' && !URL.canParse(value)) return 'Please enter a valid URL.'
  return undefined
}

/** The state of all elements of some blocks: block id → action id → state. */
export const stateOfBlocks = (
  blocks: readonly Fields[],
): Readonly<Record<string, Readonly<Record<string, Fields>>>> => {
  const values: Record<string, Record<string, Fields>> = {}
  for (const { blockId, element } of elementsIn(blocks)) {
    const state = element.type === 'overflow' ? undefined : stateOf(element)
    if (state !== undefined) (values[blockId] ??= {})[String(element.action_id)] = state
  }
  return values
}

/** The elements that a person can act on, with the ids of their blocks. */
export const elementsIn = (
  blocks: readonly Fields[],
): readonly { readonly blockId: string; readonly block: Fields; readonly element: Fields }[] =>
  blocks.flatMap((block) => {
    const children = Array.isArray(block.child_blocks) ? elementsIn(block.child_blocks.filter(isFields)) : []
    const lists = [block.elements, block.actions].flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : []))
    const cards = lists.filter(isFields).filter((inner) => inner.type === 'card')
    const own = [...lists, block.accessory, block.element]
      .filter(isFields)
      .filter((element) => typeof element.action_id === 'string')
    return [
      ...own.map((element) => ({ blockId: String(block.block_id), block, element })),
      ...elementsIn(cards),
      ...children,
    ]
  })
