import type { Fields } from '../records.ts'
import { attribute, escapeHtml } from './escape-html.ts'
import { actData, confirmHtml } from './button-html.ts'
import { listIn, objectIn, textIn } from './fields.ts'
import { labelIn, textHtml, type HtmlContext } from './html-context.ts'

/** An option as the page offers it. */
interface Option {
  readonly value: string
  /** HTML. */
  readonly label: string
  readonly about: string
}

interface OptionGroup {
  readonly label: string
  readonly options: readonly Option[]
}

const optionOf =
  ({ names }: HtmlContext) =>
  (option: Fields): Option => ({
    value: textIn(option.value),
    label: textHtml(option.text, names),
    about: textHtml(option.description, names),
  })

const groupsOf = (element: Fields, context: HtmlContext): readonly OptionGroup[] => {
  const type = textIn(element.type)
  const picked = type.includes('users_')
    ? context.people
    : /channels_|conversations_/.test(type)
      ? context.channels
      : undefined
  if (picked !== undefined)
    return [{ label: '', options: picked.map(({ id, name }) => ({ value: id, label: escapeHtml(name), about: '' })) }]
  return [
    { label: '', options: listIn(element.options).map(optionOf(context)) },
    ...listIn(element.option_groups).map((group) => ({
      label: labelIn(group.label),
      options: listIn(group.options).map(optionOf(context)),
    })),
  ].filter(({ options }) => options.length > 0)
}

/** What is chosen at first. */
const initialOf = (element: Fields): readonly string[] => {
  const ids = ['user', 'channel', 'conversation'].flatMap((noun) => [
    textIn(element[`initial_${noun}`]),
    ...(Array.isArray(element[`initial_${noun}s`]) ? (element[`initial_${noun}s`] as unknown[]).map(textIn) : []),
  ])
  const values = [objectIn(element.initial_option), ...listIn(element.initial_options)].map(({ value }) =>
    textIn(value),
  )
  return [...ids, ...values].filter((value) => value !== '')
}

const isMultiple = (element: Fields): boolean =>
  textIn(element.type).startsWith('multi_') || element.type === 'checkboxes'

/** Whether an element is one of which options are chosen. */
export const hasChoices = (element: Fields, context: HtmlContext): boolean => groupsOf(element, context).length > 0

/** Attributes of a field: its name in a form, or what choosing does in a message. */
export interface FieldPlace {
  /** The name within a form; without one choosing acts at once. */
  readonly name?: string
  readonly label: string
  /** More attributes, e.g. `aria-describedby`. */
  readonly more?: string
}

/** Boxes that are ticked, or one of which is; on the page many out of a list are chosen like this too, as it needs no key to be held. */
const boxesHtml = (element: Fields, context: HtmlContext, { name, label, more = '' }: FieldPlace): string => {
  const kind = isMultiple(element) ? 'checkbox' : 'radio'
  const initial = initialOf(element)
  const most = typeof element.max_selected_items === 'number' ? ` data-most="${element.max_selected_items}"` : ''
  const act = name === undefined ? ` ${actData('choose', element, context)}` : ''
  const field = attribute(name ?? `${context.place}-${textIn(element.action_id)}`)
  const boxes = groupsOf(element, context).map(({ label: heading, options }) => {
    const lines = options.map(
      ({ value, label: shown, about }) =>
        `<label class="box"><input type="${kind}" name="${field}" value="${attribute(value)}"${initial.includes(value) ? ' checked' : ''}><span>${shown}${about === '' ? '' : `<small>${about}</small>`}</span></label>`,
    )
    return `${heading === '' ? '' : `<b>${escapeHtml(heading)}</b>`}${lines.join('')}`
  })
  return `<div class="boxes" role="${kind === 'radio' ? 'radiogroup' : 'group'}" aria-label="${attribute(label)}" data-name="${field}"${most}${act}${more}>${boxes.join('')}</div>`
}

const menuHtml = (element: Fields, context: HtmlContext, { name, label, more = '' }: FieldPlace): string => {
  const initial = initialOf(element)
  const groups = groupsOf(element, context).map(({ label: heading, options }) => {
    const lines = options.map(
      ({ value, label: shown }) =>
        `<option value="${attribute(value)}"${initial.includes(value) ? ' selected' : ''}>${shown}</option>`,
    )
    return heading === '' ? lines.join('') : `<optgroup label="${attribute(heading)}">${lines.join('')}</optgroup>`
  })
  const hint = element.type === 'overflow' ? '⋯' : labelIn(element.placeholder) || 'Choose…'
  const act =
    name === undefined
      ? actData(element.confirm === undefined ? 'choose' : 'ask', element, context)
      : `name="${attribute(name)}"`
  const none = initial.length > 0 ? '' : `<option value="">${escapeHtml(hint)}</option>`
  return `<select ${act} aria-label="${attribute(label)}"${more}>${none}${groups.join('')}</select>${name === undefined ? confirmHtml(element, 'choose', context) : ''}`
}

/** An element of which options are chosen. */
export const choiceHtml = (element: Fields, context: HtmlContext, field: FieldPlace): string =>
  isMultiple(element) || element.type === 'radio_buttons'
    ? boxesHtml(element, context, field)
    : menuHtml(element, context, field)
