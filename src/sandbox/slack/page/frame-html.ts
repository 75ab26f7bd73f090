import type { ShownView, Person } from '../records.ts'
import { attribute, escapeHtml } from '../rendering/escape-html.ts'
import { blocksHtml } from '../rendering/html.ts'
import { labelIn } from '../rendering/html-context.ts'
import type { Guide } from './guide.ts'
import { contextOf, type Onlooker } from './messages-html.ts'

const guideHtml = ({ about, situations, hints, commands }: Guide): string => {
  const tries = situations.map(
    ({ id, label, about: what }) =>
      `<li><button type="button" class="try" data-act="try" data-situation="${attribute(id)}"><b>${escapeHtml(label)}</b><small>${escapeHtml(what)}</small></button></li>`,
  )
  const types = commands.map(
    (line) =>
      `<button type="button" data-act="fill" data-line="${attribute(line)}"><code>${escapeHtml(line)}</code></button>`,
  )
  return `<aside id="guide" aria-label="About this demo"><p>${about.map(escapeHtml).join('<br>')}</p><h2>Try a broken mesh</h2><ol class="tries">${tries.join('')}</ol><h2>Then</h2><ul class="hints">${hints.map((hint) => `<li>${escapeHtml(hint)}</li>`).join('')}</ul><div class="actions">${types.join('')}</div></aside>`
}

/** The page around what is shown; its style and script are files of their own. */
export const frameHtml = (people: readonly Person[], guide: Guide | undefined): string => {
  const choices = people.map((person) => `<option value="${attribute(person.id)}">${escapeHtml(person.name)}</option>`)
  const title = escapeHtml(guide?.title ?? 'Slack stand-in')
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/page/page.css"><script type="module" src="/page/page.js"></script></head>
<body><header><h1>${title}</h1><span id="progress" role="status"></span>${guide === undefined ? '' : '<a class="button" id="to-guide" href="#guide">Situations</a>'}<label><span>You are </span><select id="user">${choices.join('')}</select></label></header>
<div id="columns">${guide === undefined ? '' : guideHtml(guide)}<main id="shown" aria-label="Messages"></main></div>
<footer><div id="trouble" role="alert"></div><form id="type"><div id="in-thread" hidden><span>In the thread; mention @mesh-medic there</span><button type="button" data-act="leave-thread" aria-label="Leave the thread">×</button></div><div class="row"><input name="line" aria-label="Message or command" placeholder="/mesh diagnose catalog" autocomplete="off" autocapitalize="off" spellcheck="false" autofocus><button class="primary">Send</button></div></form></footer>
<div id="dialogs"></div><div id="news" aria-live="polite"></div></body></html>`
}

/** The window on top, as Slack shows it over everything else. */
export const dialogHtml = (onlooker: Onlooker): string => {
  const view = onlooker.standIn.views(onlooker.user).findLast(({ type }) => type === 'modal')
  return view === undefined ? '' : viewHtml(onlooker, view)
}

const viewHtml = (onlooker: Onlooker, view: ShownView): string => {
  const { submit, close } = view.source
  const id = attribute(view.id)
  const submitButton = submit === undefined ? '' : `<button class="primary">${escapeHtml(labelIn(submit))}</button>`
  const blocks = blocksHtml(view.blocks, { ...contextOf(onlooker, view.id), errors: view.errors })
  return `<dialog class="view" id="view-${id}" data-place="${id}" aria-labelledby="view-${id}-title"><form novalidate data-place="${id}"><div class="bar"><h2 id="view-${id}-title">${escapeHtml(view.title)}</h2><button type="button" class="quiet" data-act="close" data-place="${id}" aria-label="Close">×</button></div><div class="inside">${blocks}</div><div class="actions end"><button type="button" data-act="close" data-place="${id}">${escapeHtml(labelIn(close) || 'Close')}</button>${submitButton}</div></form></dialog>`
}
