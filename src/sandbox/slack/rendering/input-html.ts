import type { Fields } from '../records.ts'
import { choiceHtml, hasChoices } from './choice-html.ts'
import { attribute, escapeHtml } from './escape-html.ts'
import { objectIn, textIn } from './fields.ts'
import { labelIn, textHtml, type HtmlContext } from './html-context.ts'

/** The browser's own fields, by element. */
const FIELD_TYPES: Readonly<Record<string, string>> = {
  datepicker: 'date',
  timepicker: 'time',
  datetimepicker: 'datetime-local',
  email_text_input: 'email',
  url_text_input: 'url',
}

const typedHtml = (element: Fields, name: string, more: string): string => {
  const begun = textIn(element.initial_value ?? element.initial_date ?? element.initial_time)
  const hint = labelIn(element.placeholder)
  const shared = `name="${attribute(name)}" placeholder="${attribute(hint)}"${element.focus_on_load === true ? ' autofocus' : ''}${more}`
  if (element.multiline === true) {
    const lines = Math.min(16, Math.max(4, begun.split('\n').length + 1))
    return `<textarea ${shared} rows="${lines}" spellcheck="false">${attribute(begun)}</textarea>`
  }
  const type = FIELD_TYPES[textIn(element.type)] ?? 'text'
  const numeric = element.type === 'number_input' ? ' inputmode="decimal"' : ''
  return `<input type="${type}" ${shared}${numeric} value="${attribute(begun)}" autocomplete="off">`
}

/** An input block: its label, its field, what explains it, and what is wrong with it. */
export const inputHtml = (block: Fields, context: HtmlContext): string => {
  const element = objectIn(block.element)
  // Fields of several blocks may share an action_id.
  const name = textIn(block.block_id)
  const id = attribute(`${context.place}-${name}`)
  const hint = block.hint === undefined ? '' : `<small id="${id}-hint">${textHtml(block.hint, context.names)}</small>`
  const problem = context.errors?.[name]
  const error = problem === undefined ? '' : `<p class="error" id="${id}-error">⚠ ${escapeHtml(problem)}</p>`
  const described = [hint === '' ? [] : `${id}-hint`, error === '' ? [] : `${id}-error`].flat().join(' ')
  const more = `${described === '' ? '' : ` aria-describedby="${described}"`}${error === '' ? '' : ' aria-invalid="true"'}`
  const label = labelIn(block.label)
  const shown = `${escapeHtml(label)}${block.optional === true ? ' <small>(optional)</small>' : ''}`
  return hasChoices(element, context)
    ? `<div class="field" id="${id}"><span class="label" aria-hidden="true">${shown}</span>${choiceHtml(element, context, { name, label, more })}${hint}${error}</div>`
    : `<div class="field" id="${id}"><label class="label" for="${id}-input">${shown}</label>${typedHtml(element, name, ` id="${id}-input"${more}`)}${hint}${error}</div>`
}
