import type { Fields } from '../records.ts'
import { attribute } from './escape-html.ts'
import { objectIn, textIn } from './fields.ts'
import { labelIn, textHtml, type HtmlContext } from './html-context.ts'
import { safeHref } from './mrkdwn-html.ts'

/** `data-` attributes by which the page's script says what was acted on. */
export const actData = (act: string, element: Fields, { place }: HtmlContext): string =>
  `data-act="${act}" data-place="${attribute(place)}" data-action="${attribute(textIn(element.action_id))}"`

const kindOf = (style: unknown): string => (style === 'primary' || style === 'danger' ? ` class="${style}"` : '')

/**
 * The dialog that Slack asks with before it does something (Block Kit `confirm`); it stands right behind the element that it is about, closed.
 * @param act what its button of consent does
 */
export const confirmHtml = (element: Fields, act: string, context: HtmlContext): string => {
  if (element.confirm === undefined) return ''
  const { title, text, confirm, deny, style } = objectIn(element.confirm)
  const id = `confirm-${attribute(`${context.place}-${textIn(element.action_id)}`)}`
  return `<dialog class="confirm" id="${id}" role="alertdialog" aria-labelledby="${id}-title" aria-describedby="${id}-text"><h2 id="${id}-title">${textHtml(title, context.names)}</h2><div class="text" id="${id}-text">${textHtml(text, context.names)}</div><div class="actions end"><button type="button" data-act="deny">${textHtml(deny, context.names)}</button><button type="button"${kindOf(style ?? 'primary')} ${actData(act, element, context)}>${textHtml(confirm, context.names)}</button></div></dialog>`
}

/** A button; what it asks first stands behind it. */
export const buttonHtml = (element: Fields, context: HtmlContext): string => {
  const href = safeHref(textIn(element.url))
  const link = href === undefined ? '' : ` data-href="${attribute(href)}"`
  const spoken = textIn(element.accessibility_label)
  const label = spoken === '' ? '' : ` aria-label="${attribute(spoken)}"`
  const act =
    element.confirm === undefined ? actData('click', element, context) : 'data-act="ask" aria-haspopup="dialog"'
  const icon = element.type === 'icon_button' ? '🗑️ ' : ''
  return `<button type="button" ${act}${link}${label}${kindOf(element.style)}>${icon}${textHtml(element.text, context.names)}</button>${confirmHtml(element, 'click', context)}`
}

/** The two buttons of a feedback, each by its label. */
export const feedbackHtml = (element: Fields, { names }: HtmlContext): string =>
  [element.positive_button, element.negative_button]
    .map(
      (one) =>
        `<span class="chip" title="${attribute(labelIn(objectIn(one).text))}">${textHtml(objectIn(one).text, names)}</span>`,
    )
    .join(' ')
