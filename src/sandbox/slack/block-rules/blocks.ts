import { chart } from './chart.ts'
import { elements, ELEMENTS } from './elements.ts'
import { imageFields, imageRules, mrkdwn, plainText, text, url } from './composition.ts'
import { richTextShape } from './rich-text.ts'
import { choice, flag, list, shape, string, variants, whole, type Rule, type Shape } from './rule.ts'

/** Where blocks stand. */
export type Surface = 'message' | 'modal' | 'home'

const EVERYWHERE: readonly Surface[] = ['message', 'modal', 'home']

const SELECTS = [
  'static_select',
  'external_select',
  'users_select',
  'conversations_select',
  'channels_select',
  'multi_static_select',
  'multi_external_select',
  'multi_users_select',
  'multi_conversations_select',
  'multi_channels_select',
]
const PICKERS = ['datepicker', 'timepicker', 'datetimepicker', 'checkboxes', 'radio_buttons']
const ACTIONS = ['button', 'overflow', 'workflow_button', 'rich_text_input', ...PICKERS, ...SELECTS]
const ACCESSORIES = [
  'button',
  'overflow',
  'image',
  'workflow_button',
  'datepicker',
  'timepicker',
  'checkboxes',
  'radio_buttons',
  ...SELECTS,
]
const INPUTS = [
  'plain_text_input',
  'email_text_input',
  'url_text_input',
  'number_input',
  'rich_text_input',
  'file_input',
  ...PICKERS,
  ...SELECTS,
]

const block = (name: string) => ({ type: choice(name), 'block_id?': string(255) }) as const

const section = shape(
  {
    ...block('section'),
    'text?': text(3_000),
    'fields?': list(text(2_000), 10),
    'accessory?': elements(...ACCESSORIES),
    'expand?': flag,
  },
  { needsOneOf: ['text', 'fields'] },
)

/** A table cell may not be empty. */
const rawText = shape({ type: choice('raw_text'), text: string(3_000) })
const rawNumber = shape({
  type: choice('raw_number'),
  value: { is: 'number', whole: false, min: -Infinity, max: Infinity },
  text: string(3_000),
})
const cell: Rule = variants(() => ({ raw_text: rawText, raw_number: rawNumber, rich_text: richTextShape }))
const rows: Rule = list(list(cell, 20), 100)

const card = shape(
  {
    ...block('card'),
    'hero_image?': elements('image'),
    'icon?': elements('image'),
    'title?': mrkdwn(150),
    'subtitle?': mrkdwn(150),
    'body?': mrkdwn(200),
    'actions?': list(elements('button'), 25),
  },
  { needsOneOf: ['hero_image', 'title', 'actions', 'body'] },
)

const taskCard = shape({
  ...block('task_card'),
  task_id: string(255),
  title: string(3_000),
  'details?': richTextShape,
  'output?': richTextShape,
  'sources?': list(elements('url'), 100),
  status: choice('pending', 'in_progress', 'complete', 'error'),
})

const CONTAINED = [
  'actions',
  'context',
  'divider',
  'file',
  'header',
  'image',
  'input',
  'rich_text',
  'section',
  'table',
  'video',
]

/** All blocks: what they have to look like, and on which surfaces Slack takes them (Slack: Block Kit, blocks). */
export const BLOCKS: Readonly<Record<string, { readonly on: readonly Surface[]; readonly shape: Shape }>> = {
  actions: { on: EVERYWHERE, shape: shape({ ...block('actions'), elements: list(elements(...ACTIONS), 25) }) },
  alert: {
    on: ['modal'],
    shape: shape({
      ...block('alert'),
      text: text(3_000),
      'level?': choice('default', 'info', 'warning', 'error', 'success'),
    }),
  },
  card: { on: ['message'], shape: card },
  carousel: { on: ['message'], shape: shape({ ...block('carousel'), elements: list(card, 10) }) },
  container: {
    on: ['message'],
    shape: shape(
      {
        ...block('container'),
        'title?': plainText(150),
        'rich_text_title?': richTextShape,
        'subtitle?': text(150),
        'width?': choice('narrow', 'standard', 'wide', 'full'),
        'icon?': elements('image'),
        'is_collapsible?': flag,
        'default_collapsed?': flag,
        'has_header_divider?': flag,
        child_blocks: list(
          variants(() =>
            Object.fromEntries(
              Object.entries(BLOCKS)
                .filter(([name]) => CONTAINED.includes(name))
                .map(([name, { shape: inner }]) => [name, inner]),
            ),
          ),
          10,
        ),
      },
      { needsOneOf: ['title', 'rich_text_title'] },
    ),
  },
  context: {
    on: EVERYWHERE,
    shape: shape({ ...block('context'), elements: list(elements('image', 'plain_text', 'mrkdwn'), 10) }),
  },
  context_actions: {
    on: ['message'],
    shape: shape({ ...block('context_actions'), elements: list(elements('feedback_buttons', 'icon_button'), 5) }),
  },
  data_table: {
    on: ['message'],
    shape: shape({
      ...block('data_table'),
      rows,
      caption: string(3_000),
      'page_size?': whole(1, 100),
      'row_header_column_index?': whole(0, 19),
    }),
  },
  data_visualization: { on: ['message'], shape: shape({ ...block('data_visualization'), title: string(50), chart }) },
  divider: { on: EVERYWHERE, shape: shape(block('divider')) },
  header: { on: EVERYWHERE, shape: shape({ ...block('header'), text: plainText(150) }) },
  image: {
    on: EVERYWHERE,
    shape: shape({ ...block('image'), ...imageFields, 'title?': plainText(2_000) }, imageRules),
  },
  input: {
    on: EVERYWHERE,
    shape: shape({
      ...block('input'),
      label: plainText(2_000),
      element: elements(...INPUTS),
      'hint?': plainText(2_000),
      'optional?': flag,
      'dispatch_action?': flag,
    }),
  },
  markdown: { on: ['message'], shape: shape({ ...block('markdown'), text: string(12_000) }) },
  plan: { on: ['message'], shape: shape({ ...block('plan'), title: string(3_000), 'tasks?': list(taskCard, 50, 0) }) },
  rich_text: { on: EVERYWHERE, shape: richTextShape },
  section: { on: EVERYWHERE, shape: section },
  table: {
    on: ['message'],
    shape: shape({
      ...block('table'),
      rows,
      'column_settings?': list(shape({ 'align?': choice('left', 'center', 'right'), 'is_wrapped?': flag }), 20),
    }),
  },
  task_card: { on: ['message'], shape: taskCard },
  video: {
    on: EVERYWHERE,
    shape: shape({
      ...block('video'),
      video_url: url,
      thumbnail_url: url,
      alt_text: string(2_000),
      title: plainText(200),
      'title_url?': url,
      'author_name?': string(50),
      'provider_name?': string(255),
      'provider_icon_url?': url,
      'description?': plainText(200),
    }),
  },
}

/** How many blocks a surface takes. */
export const MAX_BLOCKS: Readonly<Record<Surface, number>> = { message: 50, modal: 100, home: 100 }

/** A list of blocks for one surface. A `file` block is known but can't be posted by apps. */
export const blocksOn = (surface: Surface): Rule =>
  list(
    variants(() =>
      Object.fromEntries(
        Object.entries(BLOCKS)
          .filter(([, { on }]) => on.includes(surface))
          .map(([name, { shape: inner }]) => [name, inner]),
      ),
    ),
    MAX_BLOCKS[surface],
    0,
  )

/** Whether an element is one that a person acts on. */
export const isInteractive = (type: unknown): boolean =>
  typeof type === 'string' && ELEMENTS[type]?.fields['action_id?'] !== undefined
