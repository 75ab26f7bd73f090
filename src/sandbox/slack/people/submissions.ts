import { checkView } from '../block-rules/check-view.ts'
import type { AttemptResult } from '../delivery.ts'
import { viewJson } from '../message-json.ts'
import type { Fields, Person, ShownView } from '../records.ts'
import { Refusal } from '../refusal.ts'
import { isFields } from '../../../mesh/fields.ts'
import { pushView, replacedView } from '../web-api/views.ts'
import { elementsIn, isEmptyState, stateOf, typingProblem, type Given } from './input-values.ts'
import { placeOf } from './interactions.ts'
import {
  interactiveFields,
  invocationOf,
  personOf,
  refusedInvocation,
  seenBy,
  type Invocation,
  type Stage,
} from './stage.ts'

/** What a person fills in: action_id (or block_id) of an input → text, option value or text, id; several for multi elements. */
export type ViewValues = Readonly<Record<string, Given>>

/** What became of a submission. `errors`: block id → text, when Slack or the app found something wrong. */
export interface Submission extends Invocation {
  readonly responseAction: 'close' | 'errors' | 'update' | 'push' | 'clear' | 'none'
  readonly errors: Readonly<Record<string, string>>
}

/** What the person sees when the app's answer makes no sense. */
const TROUBLE = 'We had some trouble connecting. Try again?'

type State = Record<string, Record<string, Fields>>

/** Fills a modal in. @throws Error for a name that no input has */
const fillIn = (
  view: ShownView,
  values: ViewValues,
): { readonly state: State; readonly errors: Record<string, string> } => {
  const state: State = {}
  const errors: Record<string, string> = {}
  const used = new Set<string>()
  for (const { blockId, block, element } of elementsIn(view.blocks)) {
    const actionId = String(element.action_id)
    const name = [actionId, blockId].find((other) => values[other] !== undefined)
    if (name !== undefined) used.add(name)
    const filled = stateOf(element, name === undefined ? undefined : values[name])
    if (filled === undefined || element.type === 'overflow') continue
    ;(state[blockId] ??= {})[actionId] = filled
    if (block.type !== 'input') continue
    if (isEmptyState(filled) && block.optional !== true) errors[blockId] = 'Please complete this required field.'
    const problem = typingProblem(element, filled)
    if (problem !== undefined) errors[blockId] = problem
  }
  const unknown = Object.keys(values).filter((name) => !used.has(name))
  if (unknown.length > 0) throw new Error(`The view "${view.title}" has no input ${unknown.join(', ')}.`)
  return { state, errors }
}

/** response_urls for inputs that ask for them with `response_url_enabled`. */
const responseUrlsFor = (stage: Stage, view: ShownView, state: State, person: Person): readonly Fields[] =>
  elementsIn(view.blocks)
    .filter(({ element }) => element.response_url_enabled === true)
    .flatMap(({ blockId, element }) => {
      const filled = state[blockId]?.[String(element.action_id)]
      const channel = filled?.selected_conversation ?? filled?.selected_channel
      if (typeof channel !== 'string') return []
      const url = stage.origin + stage.responseUrls.issue({ user: person.id, channel })
      return [{ block_id: blockId, action_id: element.action_id, channel_id: channel, response_url: url }]
    })

/**
 * A person fills a modal in and presses its submit button. Slack's client refuses unfilled required inputs by itself; the
 * app's `response_action` is followed.
 */
export const submitView = async (
  stage: Stage,
  wanted: ShownView,
  values: ViewValues,
  user: string | undefined,
): Promise<Submission> => {
  const place = placeOf(stage, wanted)
  if (place.kind !== 'view' || place.view.type !== 'modal') throw new Error('Only modals are submitted.')
  const { view } = place
  const person = personOf(stage, user ?? view.user)
  if (person.id !== view.user) throw new Error(`${person.name} does not see "${view.title}".`)
  if (view.source.submit === undefined) throw new Error(`"${view.title}" has no submit button.`)
  const { state, errors } = fillIn(view, values)
  if (Object.keys(errors).length > 0) {
    stage.workspace.showView({ ...view, errors })
    return { ...refusedInvocation(Object.values(errors).join(' ')), responseAction: 'none', errors }
  }
  const triggerId = stage.triggers.issue(person.id, view.id)
  const seenBefore = seenBy(stage, person)
  const result = await stage.deliveries.deliver({
    kind: 'interactive',
    body: {
      type: 'view_submission',
      ...interactiveFields(stage, person),
      trigger_id: triggerId,
      view: viewJson(view, stage.workspace, state),
      response_urls: responseUrlsFor(stage, view, state, person),
    },
  })
  const followed = follow(stage, view, person, result)
  return {
    ...invocationOf(stage, person, result, {
      triggerId,
      seenBefore,
      ...(followed.shownError === undefined ? {} : { shownError: followed.shownError }),
    }),
    responseAction: followed.action,
    errors: followed.errors,
  }
}

interface Followed {
  readonly action: Submission['responseAction']
  readonly errors: Readonly<Record<string, string>>
  readonly shownError?: string
}

/** Does what the app's acknowledgement says. */
const follow = (stage: Stage, view: ShownView, person: Person, result: AttemptResult): Followed => {
  const trouble: Followed = { action: 'none', errors: {}, shownError: TROUBLE }
  if (!result.ok) return trouble
  const { workspace } = stage
  const { response_action, errors, view: next } = result.response
  try {
    switch (response_action) {
      case undefined:
        if (Object.keys(result.response).length > 0) return trouble
        workspace.closeView(view.id)
        return { action: 'close', errors: {} }
      case 'clear':
        for (const other of workspace.views(person.id))
          if (other.rootViewId === view.rootViewId) workspace.closeView(other.id)
        return { action: 'clear', errors: {} }
      case 'errors': {
        const known = isFields(errors)
          ? Object.entries(errors).filter(
              (entry): entry is [string, string] => typeof entry[1] === 'string' && isInputBlock(view, entry[0]),
            )
          : []
        if (!isFields(errors) || known.length === 0 || known.length !== Object.keys(errors).length) return trouble
        const shown = Object.fromEntries(known)
        workspace.showView({ ...view, errors: shown })
        return { action: 'errors', errors: shown }
      }
      case 'update':
        workspace.showView(replacedView(view, checkView(next, 'modal')))
        return { action: 'update', errors: {} }
      case 'push':
        pushView(workspace, checkView(next, 'modal'), view, person.id)
        return { action: 'push', errors: {} }
      default:
        return trouble
    }
  } catch (error) {
    if (error instanceof Refusal) return { ...trouble, shownError: `${TROUBLE} (${error.code})` }
    throw error
  }
}

/** Errors may be shown under input blocks only. */
const isInputBlock = (view: ShownView, blockId: string): boolean =>
  view.blocks.some((block) => block.block_id === blockId && block.type === 'input')

/** A person closes a modal with its close button. */
export const closeView = async (stage: Stage, wanted: ShownView, user: string | undefined): Promise<void> => {
  const place = placeOf(stage, wanted)
  if (place.kind !== 'view') return
  const { view } = place
  const person = personOf(stage, user ?? view.user)
  const clears = view.source.clear_on_close === true
  for (const other of stage.workspace.views(person.id)) {
    if (other.id === view.id || (clears && other.rootViewId === view.rootViewId)) stage.workspace.closeView(other.id)
  }
  if (view.source.notify_on_close !== true) return
  await stage.deliveries.deliver({
    kind: 'interactive',
    body: {
      type: 'view_closed',
      ...interactiveFields(stage, person),
      view: viewJson(view, stage.workspace),
      is_cleared: clears,
    },
  })
}
