/** The page's own script: shows what the stand-in says, again whenever something happened, and posts what a person does. */

const find = (id) => document.getElementById(id)
const [shown, dialogs, trouble, user, progress, composer] = [
  'shown',
  'dialogs',
  'trouble',
  'user',
  'progress',
  'type',
].map(find)

/** The thread that is typed in: `ts` of its parent. */
let thread = ''
/** When this person last did something: what follows from it comes into sight. */
let actedAt = 0

// Times, in the reader's own words and zone.

const DATE_TOKENS = {
  date: { year: 'numeric', month: 'long', day: 'numeric' },
  date_num: { year: 'numeric', month: '2-digit', day: '2-digit' },
  date_slash: { year: 'numeric', month: '2-digit', day: '2-digit' },
  date_short: { year: 'numeric', month: 'short', day: 'numeric' },
  date_long: { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' },
  time: { hour: 'numeric', minute: '2-digit' },
  time_secs: { hour: 'numeric', minute: '2-digit', second: '2-digit' },
}
const DAYS = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

const ago = (date) => {
  const seconds = (date.getTime() - Date.now()) / 1000
  const [unit, length] = [
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1],
  ].find(([, least]) => Math.abs(seconds) >= least) ?? ['second', 1]
  return DAYS.format(Math.round(seconds / length), unit)
}

const dateToken = (date, name) => {
  if (name === 'ago') return ago(date)
  const options = DATE_TOKENS[name.replace('_pretty', '')]
  if (options === undefined) return undefined
  const days = Math.round((new Date(date).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86400000)
  return name.endsWith('_pretty') && Math.abs(days) < 2
    ? DAYS.format(days, 'day')
    : new Intl.DateTimeFormat(undefined, options).format(date)
}

const tellTimes = (inside) => {
  for (const time of inside.querySelectorAll('time[data-format]')) {
    const date = new Date(time.dateTime)
    const text = time.dataset.format.replace(/\{(\w+)\}/g, (whole, name) => dateToken(date, name) ?? whole)
    if (text !== '') time.textContent = text
    time.title = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' }).format(date)
  }
}

// What is shown changes in place: focus, what was typed, what is open and what is selected stay.

/** Attributes that the reader changes. */
const READERS_OWN = new Set(['open', 'aria-busy'])

const sameNode = (one, other) => one?.nodeName === other.nodeName && one.id === other.id

const become = (now, wanted) => {
  if (now.nodeType !== Node.ELEMENT_NODE) {
    if (now.data !== wanted.data) now.data = wanted.data
    return
  }
  if (now.isEqualNode(wanted)) return
  for (const { name } of [...now.attributes])
    if (!wanted.hasAttribute(name) && !READERS_OWN.has(name)) now.removeAttribute(name)
  for (const { name, value } of wanted.attributes)
    if (now.getAttribute(name) !== value && !READERS_OWN.has(name)) now.setAttribute(name, value)
  becomeInside(now, wanted)
}

const becomeInside = (now, wanted) => {
  let next = now.firstChild
  for (const child of [...wanted.childNodes]) {
    const known = child.id
      ? [...now.children].find((other) => sameNode(other, child))
      : sameNode(next, child)
        ? next
        : undefined
    if (known === undefined) {
      now.insertBefore(child, next)
    } else {
      if (known === next) next = next.nextSibling
      else now.insertBefore(known, next)
      become(known, child)
    }
  }
  while (next !== null) {
    const rest = next
    next = next.nextSibling
    rest.remove()
  }
}

const openDialog = (dialog) => {
  dialog.showModal()
  const first = dialog.querySelector('[autofocus], .inside :is(input, textarea, select)')
  first?.focus()
}

/** Where the page opens: at the message that its address names, or at the head of the newest thread. */
const showNewest = (before) => {
  const newest = [...shown.querySelectorAll('.thread')].at(-1)
  const named = before === undefined && location.hash !== '' ? find(location.hash.slice(1)) : null
  if (newest !== undefined && newest.id !== before) (named ?? newest).scrollIntoView({ block: 'start' })
  return newest?.id
}

let newest
let isShowing = false
let isStale = false

const refresh = async () => {
  isStale = true
  if (isShowing) return
  isShowing = true
  while (isStale) {
    isStale = false
    try {
      show(await (await fetch(`/page/shown?user=${encodeURIComponent(user.value)}`)).text())
    } catch {
      // Said when the events stop.
    }
  }
  isShowing = false
}

let last
const show = (html) => {
  if (html === last) return
  last = html
  const { content } = Object.assign(document.createElement('template'), { innerHTML: html })
  tellTimes(content)
  const wanted = document.createElement('div')
  wanted.append(...[...content.children].filter(({ nodeName }) => nodeName === 'DIALOG'))
  const known = new Set([...shown.querySelectorAll('.message')].map(({ id }) => id))
  for (const dialog of dialogs.querySelectorAll('dialog.view')) {
    if (wanted.querySelector(`#${CSS.escape(dialog.id)}`) === null) dialog.close()
  }
  becomeInside(dialogs, wanted)
  becomeInside(shown, content)
  for (const dialog of dialogs.querySelectorAll('dialog.view:not([open])')) openDialog(dialog)
  dialogs.querySelector('[aria-invalid]')?.focus()
  const before = newest
  newest = showNewest(before)
  const added = [...shown.querySelectorAll('.message')].filter(({ id }) => !known.has(id))
  if (before !== undefined && added.length > 0) find('news').textContent = added.at(-1).innerText.slice(0, 300)
  if (newest === before && performance.now() - actedAt < 20_000) added.at(-1)?.scrollIntoView({ block: 'nearest' })
}

// What a person does.

let running = 0
const act = async (what, fields, by) => {
  actedAt = performance.now()
  running += 1
  progress.textContent = 'Working…'
  by?.setAttribute('aria-busy', 'true')
  try {
    const answer = await fetch(`/page/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user: user.value, ...fields }),
    })
    // What is wrong with a field is said under it.
    trouble.textContent = answer.ok ? ((await answer.json()).shownError ?? '') : await answer.text()
    if (dialogs.querySelector('[aria-invalid]') !== null) trouble.textContent = ''
  } catch {
    trouble.textContent = 'Nobody answers: was the demo ended?'
  }
  by?.removeAttribute('aria-busy')
  running -= 1
  if (running === 0) progress.textContent = ''
  void refresh()
}

/** What was chosen in boxes, or in a menu. */
const chosenIn = (element) => {
  if (!element.classList.contains('boxes')) return element.value
  const chosen = [...element.querySelectorAll(':checked')].map(({ value }) => value)
  return element.getAttribute('role') === 'radiogroup' ? (chosen[0] ?? '') : chosen
}

const valuesIn = (form) => {
  const boxes = [...form.querySelectorAll('.boxes')].map((field) => [field.dataset.name, chosenIn(field)])
  const fields = [...form.querySelectorAll('[name]')]
    .filter((field) => field.closest('.boxes') === null)
    .map((field) => [
      field.name,
      field.type === 'datetime-local' && field.value !== '' ? String(Date.parse(field.value) / 1000) : field.value,
    ])
    .filter(([name, value]) => value !== '' || !(form.elements[name] instanceof HTMLSelectElement))
  return Object.fromEntries([...boxes, ...fields])
}

const setThread = (ts) => {
  thread = ts
  find('in-thread').hidden = ts === ''
  composer.elements.line.focus()
}

const viewFile = async ({ file, title }) => {
  const dialog = Object.assign(document.createElement('dialog'), { className: 'file-view', ariaLabel: title })
  dialog.innerHTML =
    '<div class="bar"><h2></h2><button type="button" class="quiet" data-act="deny" aria-label="Close">×</button></div><div class="inside"></div>'
  dialog.querySelector('h2').textContent = title
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.querySelector('.inside').innerHTML = await (await fetch(`${file}?view`)).text()
  dialog.showModal()
}

/** What the elements do that say so (`data-act`). */
const ACTS = {
  click(element, { place, action, href }) {
    element.closest('dialog.confirm')?.close('confirmed')
    if (href !== undefined) window.open(href, '_blank', 'noopener')
    void act('click', { place, action }, element)
  },
  ask: (element) => element.nextElementSibling.showModal(),
  deny: (element) => element.closest('dialog').close(),
  // Consent to a choice, in the dialog behind its menu.
  choose(element, { place, action }) {
    const dialog = element.closest('dialog.confirm')
    if (dialog === null) return
    const menu = dialog.previousElementSibling
    const value = chosenIn(menu)
    dialog.close('confirmed')
    void act('choose', { place, action, value }, menu)
  },
  close: (element, { place }) => void act('close', { place }, element),
  try: (element, { situation }) => void act('try', { situation }, element),
  fill(element, { line }) {
    composer.elements.line.value = line
    composer.elements.line.focus()
  },
  view: (element, data) => void viewFile(data),
  reply: (element, { ts }) => setThread(ts),
  'leave-thread': () => setThread(''),
}

document.addEventListener('click', (event) => {
  const element = event.target.closest('button[data-act]')
  if (element !== null && element.getAttribute('aria-busy') !== 'true')
    ACTS[element.dataset.act]?.(element, element.dataset)
})

// A link to a message that is on this page leads there.
document.addEventListener('click', (event) => {
  const [, seconds, micros] = /\/archives\/\w+\/p(\d{10})(\d{6})$/.exec(event.target.closest('a')?.href ?? '') ?? []
  const message = find(`message-${seconds}.${micros}`)
  if (message === null) return
  event.preventDefault()
  message.scrollIntoView({ block: 'start' })
})

document.addEventListener('change', (event) => {
  const element = event.target.closest('.boxes') ?? event.target
  const { act: what, place, action, most } = element.dataset
  if (most !== undefined) {
    const isFull = element.querySelectorAll(':checked').length >= Number(most)
    for (const box of element.querySelectorAll('input:not(:checked)')) box.disabled = isFull
  }
  if (what === 'choose') void act('choose', { place, action, value: chosenIn(element) }, element)
  if (what === 'ask') element.nextElementSibling.showModal()
})

document.addEventListener('submit', (event) => {
  event.preventDefault()
  const form = event.target
  if (form === composer) {
    const { line } = form.elements
    if (line.value.trim() !== '') void act('type', { line: line.value, thread })
    line.value = ''
    setThread('')
  } else if (form.getAttribute('aria-busy') !== 'true') {
    void act('submit', { place: form.dataset.place, values: valuesIn(form) }, form)
  }
})

// Escape closes what is on top: an app's window by telling the app, a confirmation as its "no".
document.addEventListener(
  'cancel',
  (event) => {
    const { place } = event.target.dataset ?? {}
    if (place === undefined) return
    event.preventDefault()
    void act('close', { place })
  },
  true,
)
document.addEventListener(
  'close',
  ({ target }) => {
    const menu = target.previousElementSibling
    if (target.matches('dialog.confirm') && target.returnValue !== 'confirmed' && menu instanceof HTMLSelectElement)
      menu.selectedIndex = Math.max(
        0,
        [...menu.options].findIndex(({ defaultSelected }) => defaultSelected),
      )
    if (target.matches('dialog.confirm')) target.returnValue = ''
  },
  true,
)

user.addEventListener('change', () => void refresh())

const events = new EventSource('/page/events')
events.onmessage = () => void refresh()
events.onopen = () => void (trouble.textContent = '')
events.onerror = () => void (trouble.textContent = 'The demo does not answer any more: it was ended, or starts again.')
