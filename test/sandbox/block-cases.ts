/** Block Kit values for the cases; `n` is a length or a count. */
type Value = Readonly<Record<string, unknown>>

const x = (n: number): string => 'x'.repeat(n)
const times = <T>(n: number, make: (index: number) => T): readonly T[] =>
  Array.from({ length: n }, (_, index) => make(index))

const plain = (text: string): Value => ({ type: 'plain_text', text })
const mrkdwn = (text: string): Value => ({ type: 'mrkdwn', text })
const divider: Value = { type: 'divider' }
const section = (text: string): Value => ({ type: 'section', text: mrkdwn(text) })
const button = (fields: Value = {}): Value => ({ type: 'button', text: plain('Go'), ...fields })
const actions = (...elements: readonly Value[]): Value => ({ type: 'actions', elements })
const option = (index: number, fields: Value = {}): Value => ({ text: plain('one'), value: String(index), ...fields })
const select = (fields: Value = {}): Value =>
  actions({ type: 'static_select', placeholder: plain('Pick'), options: [option(0)], ...fields })
const input = (fields: Value = {}): Value => ({
  type: 'input',
  label: plain('Why'),
  element: { type: 'plain_text_input' },
  ...fields,
})
const cell = (text: string): Value => ({ type: 'raw_text', text })
const table = (rows: number, columns: number): Value => ({
  type: 'table',
  rows: times(rows, () => times(columns, () => cell('x'))),
})
const confirm = (fields: Value = {}): Value =>
  button({
    confirm: { title: plain('Sure?'), text: plain('It writes.'), confirm: plain('Yes'), deny: plain('No'), ...fields },
  })
const rich = (...elements: readonly Value[]): Value => ({ type: 'rich_text', elements })
const modal = (fields: Value = {}): Value => ({
  type: 'modal',
  title: plain('Title'),
  submit: plain('Send'),
  blocks: [divider],
  ...fields,
})

/** A limit: what `make` gives for `max` is accepted, what it gives for one more is refused at `pointer`. */
export interface Limit<T> {
  readonly name: string
  readonly max: number
  readonly make: (n: number) => T
  readonly pointer: string
}

/** Limits of blocks in messages. */
export const MESSAGE_LIMITS: readonly Limit<readonly Value[]>[] = [
  { name: 'blocks of a message', max: 50, make: (n) => times(n, () => divider), pointer: '/blocks' },
  { name: 'text of a section', max: 3_000, make: (n) => [section(x(n))], pointer: '/blocks/0/text/text' },
  {
    name: 'fields of a section',
    max: 10,
    make: (n) => [{ type: 'section', fields: times(n, () => mrkdwn('x')) }],
    pointer: '/blocks/0/fields',
  },
  {
    name: 'text of a field',
    max: 2_000,
    make: (n) => [{ type: 'section', fields: [mrkdwn(x(n))] }],
    pointer: '/blocks/0/fields/0/text',
  },
  {
    name: 'text of a header',
    max: 150,
    make: (n) => [{ type: 'header', text: plain(x(n)) }],
    pointer: '/blocks/0/text/text',
  },
  {
    name: 'elements of actions',
    max: 25,
    make: (n) => [actions(...times(n, () => button()))],
    pointer: '/blocks/0/elements',
  },
  {
    name: 'elements of a context',
    max: 10,
    make: (n) => [{ type: 'context', elements: times(n, () => mrkdwn('x')) }],
    pointer: '/blocks/0/elements',
  },
  {
    name: 'text of a button',
    max: 75,
    make: (n) => [actions(button({ text: plain(x(n)) }))],
    pointer: '/blocks/0/elements/0/text/text',
  },
  {
    name: 'value of a button',
    max: 2_000,
    make: (n) => [actions(button({ value: x(n) }))],
    pointer: '/blocks/0/elements/0/value',
  },
  {
    name: 'url of a button',
    max: 3_000,
    make: (n) => [actions(button({ url: `https://${x(n - 8)}` }))],
    pointer: '/blocks/0/elements/0/url',
  },
  {
    name: 'action_id',
    max: 255,
    make: (n) => [actions(button({ action_id: x(n) }))],
    pointer: '/blocks/0/elements/0/action_id',
  },
  { name: 'block_id', max: 255, make: (n) => [{ ...divider, block_id: x(n) }], pointer: '/blocks/0/block_id' },
  {
    name: 'text of a markdown block',
    max: 12_000,
    make: (n) => [{ type: 'markdown', text: x(n) }],
    pointer: '/blocks/0/text',
  },
  {
    name: 'text of all markdown blocks',
    max: 12_000,
    make: (n) => [
      { type: 'markdown', text: x(6_000) },
      { type: 'markdown', text: x(n - 6_000) },
    ],
    pointer: '/blocks',
  },
  { name: 'rows of a table', max: 100, make: (n) => [table(n, 1)], pointer: '/blocks/0/rows' },
  { name: 'columns of a table', max: 20, make: (n) => [table(1, n)], pointer: '/blocks/0/rows/0' },
  {
    name: 'options of a select',
    max: 100,
    make: (n) => [select({ options: times(n, (index) => option(index)) })],
    pointer: '/blocks/0/elements/0/options',
  },
  {
    name: 'text of an option',
    max: 75,
    make: (n) => [select({ options: [option(0, { text: plain(x(n)) })] })],
    pointer: '/blocks/0/elements/0/options/0/text/text',
  },
  {
    name: 'value of an option',
    max: 150,
    make: (n) => [select({ options: [option(0, { value: x(n) })] })],
    pointer: '/blocks/0/elements/0/options/0/value',
  },
  {
    name: 'description of an option',
    max: 75,
    make: (n) => [select({ options: [option(0, { description: plain(x(n)) })] })],
    pointer: '/blocks/0/elements/0/options/0/description/text',
  },
  {
    name: 'placeholder',
    max: 150,
    make: (n) => [select({ placeholder: plain(x(n)) })],
    pointer: '/blocks/0/elements/0/placeholder/text',
  },
  {
    name: 'options of an overflow menu',
    max: 5,
    make: (n) => [actions({ type: 'overflow', options: times(n, (index) => option(index)) })],
    pointer: '/blocks/0/elements/0/options',
  },
  {
    name: 'options of radio buttons',
    max: 10,
    make: (n) => [actions({ type: 'radio_buttons', options: times(n, (index) => option(index)) })],
    pointer: '/blocks/0/elements/0/options',
  },
  {
    name: 'title of a confirmation',
    max: 100,
    make: (n) => [actions(confirm({ title: plain(x(n)) }))],
    pointer: '/blocks/0/elements/0/confirm/title/text',
  },
  {
    name: 'text of a confirmation',
    max: 300,
    make: (n) => [actions(confirm({ text: plain(x(n)) }))],
    pointer: '/blocks/0/elements/0/confirm/text/text',
  },
  {
    name: 'button of a confirmation',
    max: 30,
    make: (n) => [actions(confirm({ deny: plain(x(n)) }))],
    pointer: '/blocks/0/elements/0/confirm/deny/text',
  },
  {
    name: 'alt_text of an image',
    max: 2_000,
    make: (n) => [{ type: 'image', image_url: 'https://example.com/a.png', alt_text: x(n) }],
    pointer: '/blocks/0/alt_text',
  },
]

/** Limits of modals. */
export const VIEW_LIMITS: readonly Limit<Value>[] = [
  {
    name: 'blocks of a modal',
    max: 100,
    make: (n) => modal({ blocks: times(n, () => divider) }),
    pointer: '/view/blocks',
  },
  { name: 'title', max: 24, make: (n) => modal({ title: plain(x(n)) }), pointer: '/view/title/text' },
  { name: 'submit', max: 24, make: (n) => modal({ submit: plain(x(n)) }), pointer: '/view/submit/text' },
  { name: 'close', max: 24, make: (n) => modal({ close: plain(x(n)) }), pointer: '/view/close/text' },
  {
    name: 'private_metadata',
    max: 3_000,
    make: (n) => modal({ private_metadata: x(n) }),
    pointer: '/view/private_metadata',
  },
  { name: 'callback_id', max: 255, make: (n) => modal({ callback_id: x(n) }), pointer: '/view/callback_id' },
  {
    name: 'label of an input',
    max: 2_000,
    make: (n) => modal({ blocks: [input({ label: plain(x(n)) })] }),
    pointer: '/view/blocks/0/label/text',
  },
  {
    name: 'hint of an input',
    max: 2_000,
    make: (n) => modal({ blocks: [input({ hint: plain(x(n)) })] }),
    pointer: '/view/blocks/0/hint/text',
  },
]

/** Blocks that a message takes. */
export const ACCEPTED: Readonly<Record<string, readonly Value[]>> = {
  'rich text with a list, a quote, code and mentions': [
    rich(
      {
        type: 'rich_text_section',
        elements: [
          { type: 'text', text: 'hello ', style: { bold: true } },
          { type: 'user', user_id: 'U_ONCALL' },
          { type: 'link', url: 'https://example.com' },
        ],
      },
      {
        type: 'rich_text_list',
        style: 'bullet',
        elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: 'one' }] }],
      },
      { type: 'rich_text_quote', elements: [{ type: 'text', text: 'so it goes' }] },
      { type: 'rich_text_preformatted', elements: [{ type: 'text', text: 'istioctl analyze' }] },
    ),
  ],
  'the same action_id in two blocks': [actions(button({ action_id: 'go' })), actions(button({ action_id: 'go' }))],
  'a table with rich text and numbers': [
    {
      type: 'table',
      rows: [
        [cell('a'), rich({ type: 'rich_text_section', elements: [{ type: 'text', text: 'b' }] })],
        [{ type: 'raw_number', value: 1, text: '1' }, cell('c')],
      ],
    },
  ],
  'a section with an accessory': [{ ...section('x'), accessory: button({ style: 'danger' }) }],
  'an input in a message': [input()],
  'a select with an initial option': [select({ options: [option(0), option(1)], initial_option: option(1) })],
}

/** Blocks that a message refuses, and Slack's words for it. */
export const REFUSED: Readonly<Record<string, readonly [blocks: readonly unknown[], error: string, reason: string]>> = {
  'an unknown block': [
    [{ type: 'banner' }],
    'invalid_blocks',
    'unsupported type: "banner" [json-pointer:/blocks/0/type]',
  ],
  'a block without a type': [[{ text: plain('x') }], 'invalid_blocks', 'missing required field: type'],
  'an unknown element': [
    [actions({ type: 'slider' })],
    'invalid_blocks',
    'unsupported type: "slider" [json-pointer:/blocks/0/elements/0/type]',
  ],
  'an element that the block does not take': [
    [actions({ type: 'plain_text_input' })],
    'invalid_blocks',
    'unsupported type: "plain_text_input"',
  ],
  'an unknown field': [
    [{ ...divider, colour: 'red' }],
    'invalid_blocks',
    'invalid additional property: colour [json-pointer:/blocks/0]',
  ],
  'a button without a text': [
    [actions({ type: 'button' })],
    'invalid_blocks',
    'missing required field: text [json-pointer:/blocks/0/elements/0]',
  ],
  'a header in mrkdwn': [[{ type: 'header', text: mrkdwn('x') }], 'invalid_blocks', 'must be one of: plain_text'],
  'a button in mrkdwn': [[actions(button({ text: mrkdwn('x') }))], 'invalid_blocks', 'must be one of: plain_text'],
  'emoji in mrkdwn': [
    [{ type: 'section', text: { ...mrkdwn('x'), emoji: true } }],
    'invalid_blocks',
    'invalid additional property: emoji',
  ],
  'an empty text': [
    [section('')],
    'invalid_blocks',
    'must be more than 0 characters [json-pointer:/blocks/0/text/text]',
  ],
  'a section without text and fields': [
    [{ type: 'section' }],
    'invalid_blocks',
    'missing required field: text or fields',
  ],
  'empty actions': [[actions()], 'invalid_blocks', 'must have at least 1 item [json-pointer:/blocks/0/elements]'],
  'a style that does not exist': [
    [actions(button({ style: 'warning' }))],
    'invalid_blocks',
    'must be one of: primary, danger',
  ],
  'an alert outside modals': [[{ type: 'alert', text: plain('x') }], 'invalid_blocks', 'unsupported type: "alert"'],
  'a file block': [
    [{ type: 'file', source: 'remote', external_id: 'x' }],
    'invalid_blocks',
    'unsupported type: "file"',
  ],
  'a picture that Slack cannot fetch': [
    [{ type: 'image', image_url: 'http://localhost:3000/a.png', alt_text: 'x' }],
    'invalid_blocks',
    'downloading image failed',
  ],
  'a picture without a description': [
    [{ type: 'image', image_url: 'https://example.com/a.png' }],
    'invalid_blocks',
    'missing required field: alt_text',
  ],
  'an action_id twice in a block': [
    [actions(button({ action_id: 'go' }), button({ action_id: 'go' }))],
    'invalid_blocks',
    'action_id must be unique within a block: go',
  ],
  'a block_id twice': [
    [
      { ...divider, block_id: 'a' },
      { ...divider, block_id: 'a' },
    ],
    'invalid_blocks',
    'block_id must be unique: a [json-pointer:/blocks/1/block_id]',
  ],
  'two tables': [[table(1, 1), table(1, 1)], 'invalid_attachments', 'only_one_table_allowed'],
  'an empty cell': [[{ type: 'table', rows: [[cell('')]] }], 'invalid_blocks', 'must be more than 0 characters'],
  'an initial option that is not offered': [
    [select({ initial_option: option(7) })],
    'invalid_blocks',
    'initial option must exactly match one of the options',
  ],
  'options and groups': [
    [select({ option_groups: [{ label: plain('g'), options: [option(1)] }] })],
    'invalid_blocks',
    'only one of options, option_groups allowed',
  ],
  'a url that is none': [[actions(button({ url: 'kiali' }))], 'invalid_blocks', 'must be a valid URL'],
  'more text than a message takes': [[...times(4, () => section(x(3_000))), section('x')], 'msg_blocks_too_long', ''],
  'a list of strings': [['hello'], 'invalid_blocks_format', ''],
}

/** Modals that are refused. */
export const REFUSED_VIEWS: Readonly<Record<string, readonly [view: Value, reason: string]>> = {
  'no title': [{ type: 'modal', blocks: [] }, 'missing required field: title [json-pointer:/view]'],
  'inputs without a submit button': [{ type: 'modal', title: plain('x'), blocks: [input()] }, 'submit is required'],
  'a table': [modal({ blocks: [table(1, 1)] }), 'unsupported type: "table"'],
  'a markdown block': [modal({ blocks: [{ type: 'markdown', text: 'x' }] }), 'unsupported type: "markdown"'],
  'two elements with the focus': [
    modal({ blocks: times(2, () => input({ element: { type: 'plain_text_input', focus_on_load: true } })) }),
    'only one element can have focus_on_load',
  ],
  'the wrong type': [{ type: 'dialog', title: plain('x'), blocks: [] }, 'unsupported type: dialog'],
}
