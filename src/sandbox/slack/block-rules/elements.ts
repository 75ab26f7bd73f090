import { isFields } from '../../../mesh/fields.ts'
import {
  buttonOption,
  confirm,
  conversationFilter,
  dispatchActionConfig,
  imageFields,
  imageRules,
  mrkdwn,
  optionGroup,
  overflowOption,
  plainText,
  selectOption,
  url,
} from './composition.ts'
import { richTextShape } from './rich-text.ts'
import {
  choice,
  flag,
  list,
  shape,
  string,
  stringLike,
  variants,
  whole,
  type Rule,
  type Shape,
  type Variants,
} from './rule.ts'

/** Every interactive element has these; action_id is made up when left out. */
const actionable = { 'action_id?': string(255) } as const
const confirmable = { 'confirm?': confirm } as const
const focusable = { 'focus_on_load?': flag } as const
const placeholdable = { 'placeholder?': plainText(150) } as const
const dispatchable = { 'dispatch_action_config?': dispatchActionConfig } as const
const multiple = { 'max_selected_items?': whole(1, 1_000) } as const
const respondable = { 'response_url_enabled?': flag } as const
const menu = { ...actionable, ...confirmable, ...focusable, ...placeholdable }
const input = { ...actionable, ...dispatchable, ...focusable, ...placeholdable }

const id = string(255)
const ids = list(id, 1_000)

/** Two options are the same when their text and value are. */
const sameOption = (a: unknown, b: unknown): boolean =>
  isFields(a) && isFields(b) && a.value === b.value && JSON.stringify(a.text) === JSON.stringify(b.text)

const optionsOf = (element: Readonly<Record<string, unknown>>): readonly unknown[] => {
  if (Array.isArray(element.options)) return element.options as unknown[]
  const groups = Array.isArray(element.option_groups) ? (element.option_groups as unknown[]) : []
  return groups.flatMap((group) =>
    isFields(group) && Array.isArray(group.options) ? (group.options as unknown[]) : [],
  )
}

/** What is chosen at first has to be among the options; values differ. */
const consistentOptions: Shape['also'] = (element) => {
  const options = optionsOf(element)
  const values = options.map((option) => (isFields(option) ? option.value : undefined))
  if (new Set(values).size !== values.length) return 'option values must be unique'
  const initial = element.initial_option === undefined ? element.initial_options : [element.initial_option]
  if (!Array.isArray(initial)) return undefined
  return initial.every((chosen) => options.some((option) => sameOption(option, chosen)))
    ? undefined
    : 'initial option must exactly match one of the options'
}

/** Options or groups of options: 1 to 100 each, not both. */
const staticOptions = { 'options?': list(selectOption, 100), 'option_groups?': list(optionGroup, 100) } as const
const staticRules = {
  needsOneOf: ['options', 'option_groups'],
  apart: ['options', 'option_groups'],
  also: consistentOptions,
} as const

const type = (name: string) => ({ type: choice(name) }) as const

const feedbackButton: Rule = shape({ text: plainText(75), 'accessibility_label?': string(75), value: string(2_000) })

/** All block elements by type (Slack: Block Kit, block elements). */
export const ELEMENTS: Readonly<Record<string, Shape>> = {
  button: shape({
    ...type('button'),
    ...actionable,
    ...confirmable,
    text: plainText(75),
    'url?': url,
    'value?': string(2_000),
    'style?': choice('primary', 'danger'),
    'accessibility_label?': string(75),
  }),
  image: shape({ ...type('image'), ...imageFields }, imageRules),
  overflow: shape(
    { ...type('overflow'), ...actionable, ...confirmable, options: list(overflowOption, 5) },
    { also: consistentOptions },
  ),
  checkboxes: shape(
    {
      ...type('checkboxes'),
      ...actionable,
      ...confirmable,
      ...focusable,
      options: list(buttonOption, 10),
      'initial_options?': list(buttonOption, 10),
    },
    { also: consistentOptions },
  ),
  radio_buttons: shape(
    {
      ...type('radio_buttons'),
      ...actionable,
      ...confirmable,
      ...focusable,
      options: list(buttonOption, 10),
      'initial_option?': buttonOption,
    },
    { also: consistentOptions },
  ),
  datepicker: shape({
    ...type('datepicker'),
    ...menu,
    'initial_date?': stringLike(/^\d{4}-\d{2}-\d{2}$/, 'a date like 2026-01-31'),
  }),
  timepicker: shape({
    ...type('timepicker'),
    ...menu,
    'initial_time?': stringLike(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time like 22:25'),
    'timezone?': string(255),
  }),
  datetimepicker: shape({
    ...type('datetimepicker'),
    ...actionable,
    ...confirmable,
    ...focusable,
    'initial_date_time?': whole(1_000_000_000, 9_999_999_999),
  }),
  static_select: shape(
    { ...type('static_select'), ...menu, ...staticOptions, 'initial_option?': selectOption },
    staticRules,
  ),
  external_select: shape({
    ...type('external_select'),
    ...menu,
    'initial_option?': selectOption,
    'min_query_length?': whole(0, 3_000),
  }),
  users_select: shape({ ...type('users_select'), ...menu, 'initial_user?': id }),
  conversations_select: shape({
    ...type('conversations_select'),
    ...menu,
    ...respondable,
    'initial_conversation?': id,
    'default_to_current_conversation?': flag,
    'filter?': conversationFilter,
  }),
  channels_select: shape({ ...type('channels_select'), ...menu, ...respondable, 'initial_channel?': id }),
  multi_static_select: shape(
    {
      ...type('multi_static_select'),
      ...menu,
      ...multiple,
      ...staticOptions,
      'initial_options?': list(selectOption, 100),
    },
    staticRules,
  ),
  multi_external_select: shape({
    ...type('multi_external_select'),
    ...menu,
    ...multiple,
    'initial_options?': list(selectOption, 100),
    'min_query_length?': whole(0, 3_000),
  }),
  multi_users_select: shape({ ...type('multi_users_select'), ...menu, ...multiple, 'initial_users?': ids }),
  multi_conversations_select: shape({
    ...type('multi_conversations_select'),
    ...menu,
    ...multiple,
    'initial_conversations?': ids,
    'default_to_current_conversation?': flag,
    'filter?': conversationFilter,
  }),
  multi_channels_select: shape({ ...type('multi_channels_select'), ...menu, ...multiple, 'initial_channels?': ids }),
  plain_text_input: shape({
    ...type('plain_text_input'),
    ...input,
    'initial_value?': string(3_000, 0),
    'multiline?': flag,
    'min_length?': whole(0, 3_000),
    'max_length?': whole(1, 3_000),
  }),
  email_text_input: shape({ ...type('email_text_input'), ...input, 'initial_value?': string(3_000, 0) }),
  url_text_input: shape({ ...type('url_text_input'), ...input, 'initial_value?': string(3_000, 0) }),
  number_input: shape({
    ...type('number_input'),
    ...input,
    is_decimal_allowed: flag,
    'initial_value?': string(255),
    'min_value?': string(255),
    'max_value?': string(255),
  }),
  rich_text_input: shape({
    ...type('rich_text_input'),
    ...input,
    'initial_value?': richTextShape,
    'min_lines?': whole(1, 100),
    'max_lines?': whole(1, 100),
  }),
  file_input: shape({
    ...type('file_input'),
    ...actionable,
    'filetypes?': list(string(255), 100),
    'max_files?': whole(1, 10),
  }),
  workflow_button: shape({
    ...type('workflow_button'),
    ...actionable,
    ...confirmable,
    text: plainText(75),
    workflow: { is: 'any object' },
    'style?': choice('primary', 'danger'),
    'accessibility_label?': string(75),
  }),
  feedback_buttons: shape({
    ...type('feedback_buttons'),
    ...actionable,
    positive_button: feedbackButton,
    negative_button: feedbackButton,
  }),
  icon_button: shape({
    ...type('icon_button'),
    ...actionable,
    ...confirmable,
    icon: choice('trash'),
    text: plainText(75),
    'accessibility_label?': string(75),
    'value?': string(2_000),
    'visible_to_user_ids?': ids,
  }),
  url: shape({ ...type('url'), url, text: string(3_000) }),
  plain_text: plainText(3_000) as Shape,
  mrkdwn: mrkdwn(3_000) as Shape,
}

/** Those elements that some block takes. */
export const elements = (...names: readonly string[]): Variants =>
  variants(() =>
    Object.fromEntries(
      names
        .map((name) => [name, ELEMENTS[name]] as const)
        .filter((entry): entry is readonly [string, Shape] => entry[1] !== undefined),
    ),
  )
